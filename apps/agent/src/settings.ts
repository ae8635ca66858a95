import { type AtPolicy, ClientIdentity, type Network } from "@mn316-fleet/agent-core";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { type Given, SettingError, SettingSource } from "./setting-source";

/** One module and the agent for it. */
export interface ModuleSettings {
  port: string;
  baudRate: number;
  token: string | undefined;
  /** How the device is called when it enrols. */
  name: string | undefined;
  dataDir: string;
}

export interface Settings {
  server: string;
  enrollmentKey: string | undefined;
  network: Network;
  /** What jobs and the console may run here, whatever the server says. */
  at: AtPolicy;
  outboxLimitBytes: number | undefined;
  logLevel: string;
  modules: ModuleSettings[];
}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];
const BAUD = { min: 300, max: 4_000_000 };
const DEFAULT_BAUD: Given = { value: "115200", from: "--baud" };
const OUTBOX_MIB = { min: 1, max: 4_096 };
const MIB = 1024 * 1024;

/**
 * Reads the settings from the command line, then `MN316_*` variables, then the JSON file that `--config` or `MN316_CONFIG`
 * names; the first that has one wins.
 * @throws SettingError for the first that is missing or wrong
 */
export function readSettings(args: string[], env: NodeJS.ProcessEnv): Settings {
  const source = new SettingSource(args, env);
  const server = checkServer(source.need("server", "the server's address, for example wss://fleet.example.org"));
  const enrollmentKey = source.find("enrollment-key");
  const settings: Settings = {
    server,
    enrollmentKey: enrollmentKey && checkSecret(enrollmentKey),
    network: { ...readAuthorities(source.find("ca")), ...readIdentity(source, server) },
    at: { allow: listOf(source.find("allow-at")), deny: listOf(source.find("deny-at")) },
    outboxLimitBytes: readOutboxLimit(source.find("outbox-mib")),
    logLevel: checkLogLevel(source.find("log-level") ?? { value: "info", from: "--log-level" }),
    modules: readModules(source),
  };
  for (const { token, port, dataDir } of settings.modules)
    if (token === undefined && enrollmentKey === undefined && !existsSync(path.join(dataDir, "token")))
      throw new SettingError(
        "--token",
        `is missing (or MN316_TOKEN) for ${port}: the device's token, as the server showed it when the device was created`,
      );
  return settings;
}

/** The modules' data folders alone, for what needs neither server nor token. */
export function readDataDirs(args: string[], env: NodeJS.ProcessEnv): { port: string; dataDir: string }[] {
  return readModules(new SettingSource(args, env));
}

function readModules(source: SettingSource): ModuleSettings[] {
  const baudRate = checkBaud(source.find("baud") ?? DEFAULT_BAUD);
  const listed = source.modules();
  if (listed) {
    const modules = listed.map(({ port, token, baud, name, dataDir }) => {
      const checked = checkPort(port);
      return {
        port: checked,
        baudRate: baud ? checkBaud(baud) : baudRate,
        token: token && checkSecret(token),
        name: name?.value,
        dataDir: dataDir ? path.resolve(dataDir.value) : folderOf(source, checked, true),
      };
    });
    return checkApart(modules);
  }
  const [first, ...others] = source.all("port");
  if (!first) source.need("port", "the module's serial port, for example /dev/ttyUSB0, or tcp://host:port");
  const ports = first ? [first, ...others].map(checkPort) : [];
  const tokens = source.all("token").map(checkSecret);
  if (tokens.length > 0 && tokens.length !== ports.length)
    throw new SettingError(
      "--token",
      `is given ${tokens.length} times for ${ports.length} ports: one each, in the same order`,
    );
  const isSeveral = ports.length > 1;
  const name = isSeveral ? undefined : source.find("name")?.value;
  return checkApart(
    ports.map((port, index) => ({
      ...{ port, baudRate, name, token: tokens[index] },
      dataDir: folderOf(source, port, isSeveral),
    })),
  );
}

/** The given folder for a single module; below it, or below the usual one, a folder a port. */
function folderOf(source: SettingSource, port: string, isSeveral: boolean): string {
  const given = source.find("data-dir")?.value;
  if (given !== undefined && !isSeveral) return path.resolve(given);
  return path.join(given === undefined ? path.join(homedir(), ".mn316-agent") : path.resolve(given), folderName(port));
}

function checkApart(modules: ModuleSettings[]): ModuleSettings[] {
  for (const field of ["port", "dataDir"] as const) {
    const values = modules.map((module) => module[field]);
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined)
      throw new SettingError(field === "port" ? "--port" : "--data-dir", `"${twice}" is given for two modules`);
  }
  return modules;
}

function readAuthorities(ca: Given | undefined): Network {
  if (!ca) return {};
  try {
    const pem = readFileSync(ca.value, "utf8");
    if (!pem.includes("BEGIN CERTIFICATE")) throw new Error("it holds no certificate in PEM form");
    return { ca: pem };
  } catch (error) {
    throw new SettingError(ca.from, `${ca.value} cannot be used: ${(error as Error).message}`);
  }
}

/** Certificate and key go together, and are shown in TLS alone. */
function readIdentity(source: SettingSource, server: string): Network {
  const [cert, key] = [source.find("tls-cert"), source.find("tls-key")];
  if (!cert && !key) return {};
  if (!cert) throw new SettingError("--tls-cert", `is missing (or MN316_TLS_CERT): ${key?.from} names its key`);
  if (!key) throw new SettingError("--tls-key", `is missing (or MN316_TLS_KEY): ${cert.from} names its certificate`);
  if (!server.startsWith("wss:"))
    throw new SettingError(cert.from, "is shown in TLS alone: the server's address must begin with wss://");
  try {
    return { identity: new ClientIdentity(cert.value, key.value) };
  } catch (error) {
    throw new SettingError(cert.from, `${cert.value} and ${key.value} cannot be used: ${(error as Error).message}`);
  }
}

function readOutboxLimit(given: Given | undefined): number | undefined {
  if (!given) return undefined;
  const mib = Number(given.value);
  if (!Number.isInteger(mib) || mib < OUTBOX_MIB.min || mib > OUTBOX_MIB.max)
    throw new SettingError(
      given.from,
      `is "${given.value}": expected a whole number from ${OUTBOX_MIB.min} to ${OUTBOX_MIB.max}`,
    );
  return mib * MIB;
}

function listOf(given: Given | undefined): string[] {
  const patterns = (given?.value ?? "")
    .split(",")
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== "");
  const wrong = patterns.find((pattern) => !/^AT[^\s*]*\*?$/i.test(pattern));
  if (given && wrong !== undefined)
    throw new SettingError(given.from, `"${wrong}" is no AT command's name, nor the begin of one and *`);
  return patterns;
}

function checkServer({ value, from }: Given): string {
  if (!/^wss?:\/\/[^/]+/.test(value) || !URL.canParse(value))
    throw new SettingError(from, `is "${value}": expected ws://host:port or wss://host`);
  return value;
}

function checkSecret({ value, from }: Given): string {
  if (!/^[\u0021-\u007e]+$/.test(value))
    throw new SettingError(from, "expected a text without spaces (its value is not shown)");
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
