/** `mn316-agent`: drives MN316 modules and connects each to its fleet server. */
import { VERSION } from "@mn316-fleet/agent-core";
import { check } from "../check";
import { run } from "../run";
import { SettingError } from "../setting-source";
import { readDataDirs, readSettings } from "../settings";
import { status } from "../status";

const HELP = `mn316-agent [check|status] --server URL --port PORT (--token TOKEN | --enrollment-key KEY) [options]

  check                 test the serial port, the module and the server, say what is wrong, and end
  status                say how the agent that runs with these settings is, and end
  --server URL          the fleet server: ws://host:port or wss://host              MN316_SERVER
  --port PORT           /dev/ttyUSB0, COM3, or tcp://host:port; once a module       MN316_PORT
  --token TOKEN         the device's token; once a module, in the order of --port   MN316_TOKEN
  --enrollment-key KEY  obtains a token where there is none yet                     MN316_ENROLLMENT_KEY
  --name NAME           how the device is called when it enrols                     MN316_NAME
  --baud N              of the serial port, 115200 unless given                     MN316_BAUD
  --data-dir DIR        a folder of this agent's own                                MN316_DATA_DIR
  --ca FILE             certificates (PEM) that are trusted beside the usual ones   MN316_CA
  --tls-cert FILE       the certificate (PEM) that this agent shows in TLS          MN316_TLS_CERT
  --tls-key FILE        its key (PEM)                                               MN316_TLS_KEY
  --allow-at A,B        the only AT commands that may run here, * at the end        MN316_ALLOW_AT
  --deny-at A,B         AT commands that never run here                             MN316_DENY_AT
  --outbox-mib N        events kept while the server is away, 64 unless given       MN316_OUTBOX_MIB
  --log-level L         trace, debug, info, warn, error; info unless given          MN316_LOG_LEVEL
  --config FILE         the same settings as JSON: {"server": …, "modules": […]}    MN316_CONFIG
  --help, --version
Secrets are better given as variables or in the file than as arguments, which others can see.
HTTPS_PROXY, HTTP_PROXY and NO_PROXY are respected.
`;

const USAGE_ERROR = 2;

async function main(args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) return print(HELP);
  if (args.includes("--version")) return print(`${VERSION}\n`);
  const [command, ...rest] = args;
  if (command === "status") return status(readDataDirs(rest, process.env));
  if (command === "check") return check(readSettings(rest, process.env));
  return run(readSettings(args, process.env));
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
