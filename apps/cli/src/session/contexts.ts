import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { UsageError } from "../errors";

/** Only its owner may read what holds keys. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

const contextSchema = z.strictObject({ url: z.url(), key: z.string() });
const fileSchema = z.strictObject({
  current: z.string().optional(),
  contexts: z.record(z.string(), contextSchema).default({}),
});
/** A server, and the key for it. */
export type Context = z.infer<typeof contextSchema>;
export type ContextFile = z.infer<typeof fileSchema>;

/** Where the servers are kept: in XDG_CONFIG_HOME, `~/.config`, or on Windows in APPDATA. */
export function contextFilePath(env: NodeJS.ProcessEnv = process.env): string {
  const folder = env.XDG_CONFIG_HOME ?? (process.platform === "win32" ? env.APPDATA : undefined);
  return path.join(folder ?? path.join(homedir(), ".config"), "fleetctl", "config.json");
}

/** @throws UsageError where the file is not what this program writes */
export function readContexts(file = contextFilePath()): ContextFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { contexts: {} };
    throw error;
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    // Not even the place of the fault is told: the text around it may be a key.
    throw new UsageError(`${file} is damaged: mend it, or remove it and log in again`);
  }
}

/** Writes beside the file and renames, so that no moment is without a whole one, and none with another's mode. */
export function writeContexts(contexts: ContextFile, file = contextFilePath()): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: PRIVATE_FOLDER });
  const next = `${file}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(contexts, null, 2)}\n`, { mode: PRIVATE_FILE });
  chmodSync(next, PRIVATE_FILE); // whatever the umask, and whatever was left there
  renameSync(next, file);
}

export interface Choice {
  context?: string | undefined;
  url?: string | undefined;
}

/**
 * The server that is meant: the one that `--context` names; else `--url` or FLEET_URL, with FLEET_KEY; else the current one.
 * @throws UsageError where there is none, or no key for it
 */
export function chooseContext({ context, url }: Choice, env: NodeJS.ProcessEnv = process.env): Context {
  if (context !== undefined) {
    if (url !== undefined) throw new UsageError("--url and --context both name a server: give one of them");
    return named(context);
  }
  const address = url ?? env.FLEET_URL;
  if (address !== undefined && address !== "") {
    if (!env.FLEET_KEY)
      throw new UsageError("FLEET_KEY is missing: the key for the server that --url or FLEET_URL names");
    return { url: checkUrl(address), key: env.FLEET_KEY };
  }
  const { current } = readContexts();
  if (current === undefined)
    throw new UsageError("no server is chosen: run `fleetctl login --url URL`, or set FLEET_URL and FLEET_KEY");
  return named(current);
}

function named(name: string): Context {
  const { contexts } = readContexts();
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (context) return context;
  const known = Object.keys(contexts).join(", ");
  throw new UsageError(`there is no server "${name}"; ${known ? `known are ${known}` : "log in first"}`);
}

/** @throws UsageError where it is no address of a server */
export function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(`"${text}" is no address: expected http(s)://host:port`);
  if (url.username !== "" || url.search !== "" || url.hash !== "")
    throw new UsageError("the address must hold no user, query or fragment");
  return url.href.replace(/\/+$/, "");
}
