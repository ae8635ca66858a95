import fastifyStatic from "@fastify/static";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { FastifyReply } from "fastify";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Addresses that the page itself knows; each of them is the same file. */
export const PAGES = [
  "/devices/*",
  "/analytics",
  "/alerts",
  "/jobs",
  "/jobs/*",
  "/profiles",
  "/profiles/*",
  "/enrollment",
  "/keys",
  "/users",
  "/fleets",
  "/audit",
  "/password",
];

/** The dashboard's files at `/`; those whose name holds a hash of their content may be kept for ever. */
export async function serveDashboard(app: NestFastifyApplication, root = dashboardFolder()): Promise<void> {
  if (root === undefined) return;
  await app.register(fastifyStatic, {
    root,
    cacheControl: false,
    wildcard: false,
    setHeaders: (reply: FastifyReply, file: string) => {
      const isHashed = file.includes(`${path.sep}assets${path.sep}`);
      void reply.header("Cache-Control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  const http = app.getHttpAdapter().getInstance();
  for (const page of PAGES)
    http.get(page, (_request, reply: FastifyReply) => reply.header("Cache-Control", "no-cache").sendFile("index.html"));
}

/** `apps/dashboard/dist`, found from the source file or from the bundle; undefined where it was not built. */
function dashboardFolder(): string | undefined {
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, "dashboard", "dist");
    if (existsSync(path.join(candidate, "index.html"))) return candidate;
    if (folder === path.dirname(folder)) return undefined;
  }
}
