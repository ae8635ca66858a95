/** `mn316-agent`: drives one MN316 module and connects it to its fleet server. */
import { VERSION } from "@mn316-fleet/agent-core";
import { check } from "../check";
import { run } from "../run";
import { readSettings, SettingError } from "../settings";

const HELP = `mn316-agent [check] --server URL --token TOKEN --port PORT [options]

  check            test the serial port, the module and the server, say what is wrong, and end
  --server URL     the fleet server: ws://host:port or wss://host          MN316_SERVER
  --token TOKEN    the device's token; better as a variable or in the file  MN316_TOKEN
  --port PORT      /dev/ttyUSB0, COM3, or tcp://host:port                  MN316_PORT
  --baud N         of the serial port, 115200 unless given                 MN316_BAUD
  --data-dir DIR   a folder of this agent's own                            MN316_DATA_DIR
  --log-level L    trace, debug, info, warn, error; info unless given      MN316_LOG_LEVEL
  --config FILE    the same settings as JSON: {"server": …, "dataDir": …}  MN316_CONFIG
  --help, --version
`;

const USAGE_ERROR = 2;

async function main(args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) return print(HELP);
  if (args.includes("--version")) return print(`${VERSION}\n`);
  const isCheck = args[0] === "check";
  const settings = readSettings(isCheck ? args.slice(1) : args, process.env);
  return isCheck ? check(settings) : run(settings);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const { message } = error as Error;
    process.stderr.write(`mn316-agent: ${message}\n`);
    process.exit(error instanceof SettingError ? USAGE_ERROR : 1);
  },
);
