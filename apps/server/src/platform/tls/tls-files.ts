import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext, Server } from "node:tls";
import type { Logger } from "pino";
import type { Settings } from "../settings/settings";
import { SettingsError } from "../settings/settings-error";

/** How soon a renewed certificate is in use. */
const LOOK_EVERY_MS = 30_000;

/** What the server proves itself with, and whom agents must be certified by. */
export interface TlsMaterial {
  cert: string;
  key: string;
  ca?: string;
}

/**
 * Reads what TLS needs from its files; undefined where the server speaks none.
 * @throws SettingsError naming the variable whose file cannot be used
 */
export function readTls({ own, clientCa }: Settings["tls"]): TlsMaterial | undefined {
  const ca = clientCa === undefined ? undefined : readAuthorities(clientCa).pem;
  if (!own) return undefined;
  const [cert, key] = [read("FLEET_TLS_CERT", own.cert), read("FLEET_TLS_KEY", own.key)];
  usable("FLEET_TLS_CERT", own.cert, () => createSecureContext({ cert }));
  usable("FLEET_TLS_KEY", own.key, () => createSecureContext({ cert, key }));
  return { cert, key, ...(ca !== undefined && { ca }) };
}

/**
 * Reads the authorities that certify agents.
 * @throws SettingsError where the file holds none
 */
export function readAuthorities(file: string): { pem: string; certificates: X509Certificate[] } {
  const pem = read("FLEET_TLS_CLIENT_CA", file);
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return usable("FLEET_TLS_CLIENT_CA", file, () => {
    if (blocks.length === 0) throw new Error("it holds no certificate in PEM form");
    return { pem, certificates: blocks.map((block) => new X509Certificate(block)) };
  });
}

/** Takes renewed files into use, for connections from then on. What cannot be used leaves the former ones in force. */
export function renewTls(
  app: NestFastifyApplication,
  { tls }: Pick<Settings, "tls">,
  logger: Logger,
  everyMs = LOOK_EVERY_MS,
): void {
  const { own, clientCa } = tls;
  const server: unknown = app.getHttpServer();
  if (!own || !(server instanceof Server)) return;
  const files = [own.cert, own.key, ...(clientCa === undefined ? [] : [clientCa])];
  let known = changeOf(files);
  const timer = setInterval(() => {
    const now = changeOf(files);
    if (now === known) return;
    known = now;
    try {
      const material = readTls(tls);
      if (material) server.setSecureContext(material);
      logger.info("renewed TLS certificate in use");
    } catch (error) {
      logger.warn(
        { reason: (error as Error).message },
        "the TLS files changed and cannot be used: the former ones are",
      );
    }
  }, everyMs).unref();
  server.once("close", () => {
    clearInterval(timer);
  });
}

/** When the files were last written; a file that is away now is another state, too. */
function changeOf(files: readonly string[]): string {
  return files.map((file) => String(statSync(file, { throwIfNoEntry: false })?.mtimeMs)).join();
}

const read = (variable: string, file: string) => usable(variable, file, () => readFileSync(file, "utf8"));

function usable<T>(variable: string, file: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new SettingsError(`${variable} has a wrong value: ${file} cannot be used: ${(error as Error).message}`);
  }
}
