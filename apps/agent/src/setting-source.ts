import { readFileSync } from "node:fs";
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

/** A value, and where it was given, for the message when it is wrong. */
export interface Given {
  value: string;
  from: string;
}

const NAMES = [
  "server",
  "token",
  "enrollment-key",
  "name",
  "port",
  "baud",
  "data-dir",
  "ca",
  "tls-cert",
  "tls-key",
  "allow-at",
  "deny-at",
  "outbox-mib",
  "log-level",
] as const;
export type SettingName = (typeof NAMES)[number];

/** Those that may be repeated, one a module; in a variable they are parted by commas. */
const REPEATABLE: ReadonlySet<string> = new Set(["port", "token"]);
const MODULE_FIELDS = ["port", "token", "baud", "name", "dataDir"] as const;
export type ModuleEntry = Partial<Record<(typeof MODULE_FIELDS)[number], Given>> & { port: Given };

type Flags = Record<string, string | string[] | undefined>;

/** Where settings are given: flags before `MN316_*` variables before the file. */
export class SettingSource {
  private readonly flags: Flags;
  private readonly file: string | undefined;
  private readonly content: Record<string, unknown>;

  constructor(
    args: string[],
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.flags = readFlags(args);
    const named = this.flags.config;
    this.file = typeof named === "string" ? named : env.MN316_CONFIG;
    this.content = this.file === undefined ? {} : readFile(this.file);
  }

  find(name: SettingName): Given | undefined {
    return this.all(name)[0];
  }

  /** All values of a setting that may be repeated. */
  all(name: SettingName): Given[] {
    const variable = variableOf(name);
    const flag = this.flags[name];
    const flags = typeof flag === "string" ? [flag] : flag;
    if (flags) return flags.map((value) => ({ value, from: `--${name}` }));
    const value = this.env[variable];
    if (value) {
      const values = REPEATABLE.has(name) ? value.split(",").map((part) => part.trim()) : [value];
      return values.map((part) => ({ value: part, from: variable }));
    }
    const key = name.replace(/-(.)/g, (_match, letter: string) => letter.toUpperCase());
    const given = this.given(key, this.content[key], "");
    return given ? [given] : [];
  }

  /** @throws SettingError where it is missing */
  need(name: SettingName, what: string): Given {
    const given = this.find(name);
    if (given) return given;
    throw new SettingError(`--${name}`, `is missing (or ${variableOf(name)}): ${what}`);
  }

  /** The list `modules` of the file, unless ports are given elsewhere. */
  modules(): ModuleEntry[] | undefined {
    const { modules } = this.content;
    if (modules === undefined || this.flags.port !== undefined || this.env.MN316_PORT) return undefined;
    const where = `modules in ${this.file ?? ""}`;
    if (!Array.isArray(modules) || modules.length === 0)
      throw new SettingError(where, 'expected a list such as [{"port": "/dev/ttyUSB0", "token": "…"}]');
    return modules.map((entry: unknown, index) => {
      const place = `modules[${index}].`;
      if (typeof entry !== "object" || entry === null) throw new SettingError(place, "expected an object");
      const fields = entry as Record<string, unknown>;
      const unknown = Object.keys(fields).find((field) => !(MODULE_FIELDS as readonly string[]).includes(field));
      if (unknown !== undefined)
        throw new SettingError(`${place}${unknown}`, `expected one of ${MODULE_FIELDS.join(", ")}`);
      const found = MODULE_FIELDS.map((field) => [field, this.given(field, fields[field], place)] as const);
      const { port, ...others } = Object.fromEntries(found.filter(([, given]) => given)) as Partial<ModuleEntry>;
      if (!port) throw new SettingError(`${place}port`, "is missing: the module's serial port");
      return { port, ...others };
    });
  }

  private given(key: string, value: unknown, place: string): Given | undefined {
    if (value === undefined) return undefined;
    const from = `${place}${key} in ${this.file ?? ""}`;
    const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
    if (isList) return { value: value.join(","), from };
    if (typeof value !== "string" && typeof value !== "number")
      throw new SettingError(from, "expected a text or a number");
    return { value: String(value), from };
  }
}

const variableOf = (name: SettingName) => `MN316_${name.toUpperCase().replaceAll("-", "_")}`;

function readFlags(args: string[]): Flags {
  const options = Object.fromEntries(
    [...NAMES, "config"].map((name) => [name, { type: "string" as const, multiple: REPEATABLE.has(name) }]),
  );
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

function readFile(file: string): Record<string, unknown> {
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
