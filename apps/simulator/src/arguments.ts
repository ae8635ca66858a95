import { type DialectName, type FaultName, isDialectName, isFaultName } from "@mn316-fleet/virtual-mn316";
import { homedir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { listFaults } from "./module/catalogue";

/** What is wrong with the command line; the message names the option and the rule. */
export class UsageError extends Error {
  constructor(option: string, rule: string) {
    super(`${option}: ${rule}`);
    this.name = "UsageError";
  }
}

/** What holds for each virtual module. */
export interface ModuleSettings {
  broker: string | undefined;
  dialects: DialectName[];
  faults: FaultName[];
  timeScale: number;
  seed: number;
}

interface Ending {
  exitWithStdin: boolean;
}

export interface ModuleRequest extends ModuleSettings, Ending {
  verb: "module";
  line: { kind: "pty"; link: string | undefined } | { kind: "tcp"; port: number };
  imei: string | undefined;
}

export interface BrokerRequest extends Ending {
  verb: "broker";
  port: number;
}

/** Which devices, on which server. */
export interface FleetSettings {
  devices: number;
  server: string;
  apiKey: string | undefined;
  devicesFile: string;
  broker: string | undefined;
}

export interface RegisterRequest extends FleetSettings {
  verb: "register";
}

export interface FleetRequest extends FleetSettings, ModuleSettings, Ending {
  verb: "fleet";
  first: number;
  dataDir: string;
  outagesPerHour: number;
  logLevel: string;
}

export type Request =
  { verb: "help" } | { verb: "faults" } | ModuleRequest | BrokerRequest | RegisterRequest | FleetRequest;

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];
const MAX_DEVICES = 100_000;

const text = { type: "string" } as const;
const many = { type: "string", multiple: true } as const;
const flag = { type: "boolean" } as const;
const OPTIONS = {
  pty: flag,
  tcp: text,
  link: text,
  imei: text,
  broker: text,
  dialect: many,
  fault: many,
  "time-scale": text,
  seed: text,
  devices: text,
  server: text,
  "api-key": text,
  "devices-file": text,
  first: text,
  "data-dir": text,
  outages: text,
  "log-level": text,
  port: text,
  "exit-with-stdin": flag,
  help: { type: "boolean", short: "h" },
} as const;

type Values = ReturnType<typeof parse>["values"];

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    const { message } = error as Error;
    const option = /--[\w-]+/.exec(message)?.[0] ?? "arguments";
    if (option === "--fault" || option === "--dialect") throw new UsageError(option, `needs a name\n\n${listFaults()}`);
    throw new UsageError(option, `${message.split(".")[0] ?? message} (see --help)`);
  }
}

/** @throws UsageError for the first option that is missing or wrong */
export function readArguments(args: string[]): Request {
  const { values, positionals } = parse(args);
  const [verb = "module", ...rest] = positionals;
  if (values.help) return { verb: "help" };
  if (rest[0] !== undefined) throw new UsageError(`"${rest[0]}"`, "is one argument too many");
  switch (verb) {
    case "faults":
      return { verb };
    case "module":
      return readModule(values);
    case "broker":
      return { verb, port: wholeNumber("--port", values.port ?? "0", 0, 65_535), ...ending(values) };
    case "register":
      return { verb, ...fleetSettings(values) };
    case "fleet":
      return readFleet(values);
    default:
      throw new UsageError(`"${verb}"`, "is no command (see --help)");
  }
}

function readModule(values: Values): ModuleRequest {
  const { pty, tcp, link, imei } = values;
  if ((pty === true) === (tcp !== undefined)) throw new UsageError("--pty", "give either --pty or --tcp PORT");
  if (link !== undefined && !pty) throw new UsageError("--link", "goes with --pty");
  if (imei !== undefined && !/^\d{15}$/.test(imei)) throw new UsageError("--imei", "expected 15 digits");
  const line: ModuleRequest["line"] = pty
    ? { kind: "pty", link }
    : { kind: "tcp", port: wholeNumber("--tcp", tcp ?? "", 0, 65_535) };
  return { verb: "module", line, imei, ...moduleSettings(values), ...ending(values) };
}

function readFleet(values: Values): FleetRequest {
  const logLevel = values["log-level"] ?? "warn";
  if (!LOG_LEVELS.includes(logLevel)) throw new UsageError("--log-level", `expected one of ${LOG_LEVELS.join(", ")}`);
  return {
    verb: "fleet",
    ...fleetSettings(values),
    ...moduleSettings(values),
    first: wholeNumber("--first", values.first ?? "0", 0, MAX_DEVICES),
    dataDir: dataDir(values),
    outagesPerHour: positive("--outages", values.outages ?? "0", true),
    logLevel,
    ...ending(values),
  };
}

function fleetSettings(values: Values): FleetSettings {
  const { server = "", broker } = values;
  if (!URL.canParse(server) || !/^(ws|http)s?:$/.test(new URL(server).protocol))
    throw new UsageError("--server", "expected ws://host:port or wss://host");
  return {
    devices: wholeNumber("--devices", values.devices ?? "", 1, MAX_DEVICES),
    server,
    apiKey: values["api-key"] ?? process.env.FLEET_API_KEY,
    devicesFile: path.resolve(values["devices-file"] ?? path.join(dataDir(values), "devices.json")),
    broker: brokerUrl(broker),
  };
}

function moduleSettings(values: Values): ModuleSettings {
  return {
    broker: brokerUrl(values.broker),
    dialects: (values.dialect ?? []).map((name) => known("--dialect", name, isDialectName)),
    faults: (values.fault ?? []).map((name) => known("--fault", name, isFaultName)),
    timeScale: positive("--time-scale", values["time-scale"] ?? "1"),
    seed: wholeNumber("--seed", values.seed ?? "1", 0, 2 ** 32 - 1),
  };
}

function ending(values: Values): Ending {
  return { exitWithStdin: values["exit-with-stdin"] ?? false };
}

function dataDir(values: Values): string {
  return path.resolve(values["data-dir"] ?? path.join(homedir(), ".mn316-sim"));
}

function known<Name extends string>(option: string, name: string, isKnown: (name: string) => name is Name): Name {
  if (isKnown(name)) return name;
  throw new UsageError(option, `there is no "${name}"\n\n${listFaults()}`);
}

function brokerUrl(url: string | undefined): string | undefined {
  if (url !== undefined && !/^mqtt:\/\/[^/]+$/.test(url)) throw new UsageError("--broker", "expected mqtt://host:port");
  return url;
}

function wholeNumber(option: string, given: string, min: number, max: number): number {
  const value = Number(given);
  if (given === "" || !Number.isInteger(value) || value < min || value > max)
    throw new UsageError(option, `expected a whole number from ${min} to ${max}`);
  return value;
}

function positive(option: string, given: string, mayBeZero = false): number {
  const value = Number(given);
  if (!(value > 0 || (mayBeZero && value === 0)) || !Number.isFinite(value))
    throw new UsageError(option, "expected a number above 0");
  return value;
}
