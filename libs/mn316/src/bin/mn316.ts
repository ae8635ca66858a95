/** `mn316`: works with a module's serial line, or with bytes captured from one. */
import { appendFileSync, createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Decoder } from "../decode/decoder";
import { Mn316, openTransport, parseTraceLine, probe, Replay, traceLine } from "../index";
import { inWords } from "../probe/in-words";

const HELP = `mn316 decode [FILE]                what captured bytes mean, one JSON line a unit (standard input without FILE)
mn316 exec --port PORT COMMAND     one AT command on the line; exit code 0 only for OK
mn316 probe --port PORT [--json]   what the module is, what it supports, where it departs from the manual
mn316 replay TRACE                 a recorded line, command by command and unit by unit, one JSON line each

PORT is a serial port or tcp://host:port. With --port:
  --baud N         bits per second of the serial port (115200)
  --timeout S      how long to wait for an answer, in seconds (10)
  --record FILE    appends every byte both ways to FILE, passwords masked; see replay
`;

/** What is wrong with the command line; printed with the usage. */
class UsageError extends Error {}

type Values = ReturnType<typeof parse>["values"];

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string" },
      baud: { type: "string", default: "115200" },
      timeout: { type: "string", default: "10" },
      record: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function printJson(values: readonly unknown[]): void {
  if (values.length > 0) process.stdout.write(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

async function decode(file: string | undefined): Promise<number> {
  const decoder = new Decoder();
  for await (const chunk of file === undefined ? process.stdin : createReadStream(file))
    printJson(decoder.push(chunk as Buffer));
  printJson(decoder.end());
  return 0;
}

async function replay(file: string | undefined): Promise<number> {
  if (file === undefined) throw new UsageError("replay needs a trace file");
  const trace = new Replay();
  let lineNumber = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    lineNumber++;
    if (line.trim() !== "") printJson(trace.push(parseTraceLine(line, lineNumber)));
  }
  printJson(trace.end());
  return 0;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--${name} must be a number above 0, not "${text}"`);
  return value;
}

/** Opens the line, works with the module, and closes it whatever happened. */
async function withModule(values: Values, work: (module: Mn316) => Promise<number>): Promise<number> {
  const { port, record } = values;
  if (port === undefined) throw new UsageError("--port is missing");
  const baudRate = positive("baud", values.baud);
  const commandTimeoutMs = positive("timeout", values.timeout) * 1_000;
  const module = new Mn316(await openTransport(port, { baudRate }), {
    ...{ baudRate, commandTimeoutMs },
    ...(record !== undefined && {
      record: (entry) => {
        appendFileSync(record, traceLine(entry));
      },
    }),
  });
  try {
    return await work(module);
  } finally {
    module.close();
  }
}

async function exec(command: string | undefined, values: Values): Promise<number> {
  if (command === undefined) throw new UsageError("exec needs a command, for example 'AT+MQTTSTAT?'");
  return withModule(values, async (module) => {
    const { result, output } = await module.exec(command);
    process.stdout.write(`${[...output, result].join("\n")}\n`);
    return result === "OK" ? 0 : 1;
  });
}

function probeModule(values: Values): Promise<number> {
  return withModule(values, async (module) => {
    await module.start();
    const report = await probe(module);
    if (values.json) printJson([report]);
    else process.stdout.write(inWords(report));
    return report.foreignDialect === undefined ? 0 : 1;
  });
}

async function main(): Promise<number> {
  try {
    const { values, positionals } = parse();
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const [verb, argument, ...rest] = positionals;
    if (rest.length > 0)
      throw new UsageError(`"${rest.join(" ")}" is one argument too many: put the command in quotes`);
    if (verb === "decode") return await decode(argument);
    if (verb === "replay") return await replay(argument);
    if (verb === "exec") return await exec(argument, values);
    if (verb === "probe") return await probeModule(values);
    throw new UsageError(verb === undefined ? "say what to do" : `"${verb}" is no command`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!(error instanceof UsageError) && !code?.startsWith("ERR_PARSE_ARGS")) throw error;
    process.stderr.write(`mn316: ${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
}

// `mn316 decode | head` closes our output early; that is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`mn316: ${(error as Error).message}\n`);
    process.exitCode = 1;
  },
);
