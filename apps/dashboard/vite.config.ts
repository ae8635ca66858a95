import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `npm run dev` of this project finds the API. */
const SERVER = process.env.FLEET_SERVER ?? "http://127.0.0.1:3000";

export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/api": SERVER } },
  build: {
    ...{ outDir: "dist", emptyOutDir: true, reportCompressedSize: true },
    rolldownOptions: {
      output: {
        // One chunk, so that zod is told what the page forbids before any chunk makes a schema of it.
        codeSplitting: { groups: [{ name: "zod", test: /node_modules\/zod\/|schemas-without-eval/ }] },
      },
    },
  },
});
