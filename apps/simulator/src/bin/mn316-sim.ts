/** `mn316-sim`: virtual modules on a line that a host can open, a virtual fleet, and a broker for both. */
import { readArguments, UsageError } from "../arguments";
import { HELP } from "../help";
import { runBroker } from "../broker";
import { registerFleet, runFleet } from "../fleet/run";
import { listFaults } from "../module/catalogue";
import { serveModule } from "../module/serve";

const USAGE_ERROR = 2;

async function main(args: string[]): Promise<void> {
  const request = readArguments(args);
  switch (request.verb) {
    case "help":
      process.stdout.write(HELP);
      return;
    case "faults":
      process.stdout.write(listFaults());
      return;
    case "module":
      return serveModule(request);
    case "broker":
      return runBroker(request);
    case "register":
      return registerFleet(request);
    case "fleet":
      return runFleet(request);
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`mn316-sim: ${(error as Error).message}\n`);
    process.exit(error instanceof UsageError ? USAGE_ERROR : 1);
  },
);
