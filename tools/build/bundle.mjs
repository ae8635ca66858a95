/**
 * Bundles the project in the working directory with esbuild: every `src/main.ts` or `src/bin/*.ts` becomes a program in
 * `dist/`. Our own libraries are bundled in; packages from npm stay outside, because several carry native bindings. With
 * `--standalone` they are bundled in too, save those with bindings: what is to be copied to a device is one file and them.
 */
import { transform } from "@swc/core";
import { build } from "esbuild";
import { existsSync, readdirSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";

const BIN_FOLDER = "src/bin";
const isStandalone = process.argv.includes("--standalone");
/** Packages with native bindings, which they find beside their own files. */
const NATIVE = new Set(["@serialport/bindings-cpp", "classic-level"]);

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

/** Keeps packages from npm outside the bundle (or only the native ones), but takes our own workspaces in. */
const externalPackages = {
  name: "external-packages",
  /** @param {import("esbuild").PluginBuild} builder */
  setup(builder) {
    builder.onResolve({ filter: /^[^./]/ }, ({ path: id, kind }) =>
      kind === "entry-point" ||
      id.startsWith("@mn316-fleet/") ||
      path.isAbsolute(id) ||
      (isStandalone && !NATIVE.has(id))
        ? undefined
        : { path: id, external: true },
    );
  },
};

/** zod carries its messages in some fifty languages: a quarter of a megabyte, of which English is all that is ever asked for. */
const englishOnly = {
  name: "english-only",
  /** @param {import("esbuild").PluginBuild} builder */
  setup(builder) {
    builder.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
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
  // Names that are kept as they are cost a device less memory than shortened ones with the former ones beside them.
  ...(isStandalone ? { minifyWhitespace: true, minifySyntax: true } : { keepNames: true }),
  ...(isStandalone && {
    // CommonJS packages ask for Node's own modules by `require`, which a module does not have.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  }),
  plugins: [externalPackages, decorators, ...(isStandalone ? [englishOnly] : [])],
  logLevel: "warning",
});
