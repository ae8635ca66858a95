import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

/** A setting is missing or wrong; the message names it, and never holds its value where that is secret. */
export class SettingError extends Error {
  constructor(
    readonly setting: string,
    readonly rule: string,
  ) {
    super(`${setting}: ${rule}`);
    this.name = "SettingError";
  }
}

export interface Settings {
  server: string;
  token: string;
  port: string;
  baudRate: number;
  dataDir: string;
  logLevel: string;
}

type Name = "server" | "token" | "port" | "baud" | "data-dir" | "log-level";

/** Where a value was given, for the message when it is wrong. */
interface Given {
  value: string;
  from: string;
}

const NAMES: readonly Name[] = ["server", "token", "port", "baud", "data-dir", "log-level"];
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];
const BAUD = { min: 300, max: 4_000_000 };
const DEFAULT_BAUD = "115200";

/**
 * Reads the settings from the command line, then `MN316_*` variables, then the JSON file that `--config` or `MN316_CONFIG`
 * names; the first that has one wins.
 * @throws SettingError for the first that is missing or wrong
 */
export function readSettings(args: string[], env: NodeJS.ProcessEnv): Settings {
  const flags = readFlags(args);
  const file = flags.config ?? env.MN316_CONFIG;
  const fromFile = file === undefined ? {} : readConfigFile(file);

  const find = (name: Name): Given | undefined => {
    const variable = `MN316_${name.toUpperCase().replace("-", "_")}`;
    const key = name.replace(/-(.)/, (_match, letter: string) => letter.toUpperCase());
    const inFile = fromFile[key];
    if (flags[name] !== undefined) return { value: flags[name], from: `--${name}` };
    if (env[variable]) return { value: env[variable], from: variable };
    if (inFile === undefined) return undefined;
    if (typeof inFile !== "string" && typeof inFile !== "number")
      throw new SettingError(`${key} in ${file ?? ""}`, "expected a text or a number");
    return { value: String(inFile), from: `${key} in ${file ?? ""}` };
  };
  const need = (name: Name, what: string): Given => {
    const given = find(name);
    if (given) return given;
    const variable = `MN316_${name.toUpperCase().replace("-", "_")}`;
    throw new SettingError(`--${name}`, `is missing (or ${variable}): ${what}`);
  };

  const server = checkServer(need("server", "the server's address, for example wss://fleet.example.org"));
  const token = checkToken(need("token", "the device's token, as the server showed it when the device was created"));
  const port = checkPort(need("port", "the module's serial port, for example /dev/ttyUSB0, or tcp://host:port"));
  const folder = find("data-dir")?.value ?? path.join(homedir(), ".mn316-agent", folderName(port));
  return {
    server,
    token,
    port,
    baudRate: checkBaud(find("baud") ?? { value: DEFAULT_BAUD, from: "--baud" }),
    dataDir: path.resolve(folder),
    logLevel: checkLogLevel(find("log-level") ?? { value: "info", from: "--log-level" }),
  };
}

function readFlags(args: string[]): Partial<Record<Name | "config", string>> {
  const options = Object.fromEntries([...NAMES, "config"].map((name) => [name, { type: "string" as const }]));
  try {
    return parseArgs({ args, options, strict: true }).values;
  } catch (error) {
    const { message } = error as Error;
    throw new SettingError(
      /'?(--[\w-]+)/.exec(message)?.[1] ?? "arguments",
      `${message.split(".")[0] ?? message} (see --help)`,
    );
  }
}

function readConfigFile(file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new SettingError("--config", `${file} cannot be read as JSON: ${(error as Error).message}`);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content))
    throw new SettingError("--config", `${file} must hold one JSON object`);
  return content as Record<string, unknown>;
}

function checkServer({ value, from }: Given): string {
  if (!/^wss?:\/\/[^/]+/.test(value) || !URL.canParse(value))
    throw new SettingError(from, `is "${value}": expected ws://host:port or wss://host`);
  return value;
}

function checkToken({ value, from }: Given): string {
  if (!/^[\u0021-\u007e]+$/.test(value))
    throw new SettingError(from, "expected a token without spaces (its value is not shown)");
  return value;
}

function checkPort({ value, from }: Given): string {
  if (value.includes("://") && !/^tcp:\/\/.+:\d{1,5}$/.test(value))
    throw new SettingError(from, `is "${value}": expected a serial port's path or tcp://host:port`);
  return value;
}

function checkBaud({ value, from }: Given): number {
  const baud = Number(value);
  if (!Number.isInteger(baud) || baud < BAUD.min || baud > BAUD.max)
    throw new SettingError(from, `is "${value}": expected a whole number from ${BAUD.min} to ${BAUD.max}`);
  return baud;
}

function checkLogLevel({ value, from }: Given): string {
  if (!LOG_LEVELS.includes(value))
    throw new SettingError(from, `is "${value}": expected one of ${LOG_LEVELS.join(", ")}`);
  return value;
}

/** One folder a port, so that two agents of a user do not share one by chance. */
function folderName(port: string): string {
  return port.replace(/[^\w.-]+/g, "_").replace(/^_+/, "");
}
