/**
 * Generates the Prisma client. The command line wants to fetch its schema engine first, which generating does not use:
 * any executable that exists contents it, so a machine that reaches nothing but npm can build too.
 */
import { run } from "../lib/workspace.mjs";

process.exitCode = await run("npx", ["--no-install", "prisma", "generate"], {
  env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: "1" },
});
