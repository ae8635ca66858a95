/**
 * Bundles the project in the working directory with esbuild: every `src/main.ts` or `src/bin/*.ts` becomes a program in
 * `dist/`. Our own libraries are bundled in; packages from npm stay outside, because several carry native bindings.
 */
import { transform } from "@swc/core";
import { build } from "esbuild";
import { existsSync, readdirSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";

const BIN_FOLDER = "src/bin";

/** esbuild emits no decorator metadata, which Nest's injection needs: SWC turns those files into plain JavaScript first. */
const decorators = {
  name: "decorators",
  /** @param {import("esbuild").PluginBuild} builder */
  setup(builder) {
    builder.onLoad({ filter: /apps[\\/]server[\\/].*\.ts$/ }, async ({ path: file }) => {
      const { code } = await transform(await readFile(file, "utf8"), {
        filename: file,
        sourceMaps: "inline",
        jsc: {
          parser: { syntax: "typescript", decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: "es2023",
          keepClassNames: true,
        },
      });
      return { contents: code, loader: "js" };
    });
  },
};

/** Keeps packages from npm outside the bundle, but takes our own workspaces in. */
const externalPackages = {
  name: "external-packages",
  /** @param {import("esbuild").PluginBuild} builder */
  setup(builder) {
    builder.onResolve({ filter: /^[^./]/ }, ({ path: id, kind }) =>
      kind === "entry-point" || id.startsWith("@mn316-fleet/") || path.isAbsolute(id)
        ? undefined
        : { path: id, external: true },
    );
  },
};

const entries = existsSync(BIN_FOLDER)
  ? readdirSync(BIN_FOLDER)
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .map((file) => path.join(BIN_FOLDER, file))
  : ["src/main.ts"];

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: entries,
  outdir: "dist",
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: true,
  keepNames: true,
  plugins: [externalPackages, decorators],
  logLevel: "warning",
});
