import { Command } from "commander";
import { addAlerts } from "./commands/alerts";
import { addAnalytics } from "./commands/analytics";
import { addApi } from "./commands/api";
import { addCompletion } from "./commands/completion";
import { addConfig } from "./commands/config";
import { addConsole } from "./commands/console";
import { addContexts } from "./commands/contexts";
import { addDevices } from "./commands/devices";
import { addEvents } from "./commands/events";
import { addExport } from "./commands/export";
import { addFleets } from "./commands/fleets";
import { addJobs } from "./commands/jobs";
import { addApiKeys, addEnrollmentKeys } from "./commands/keys";
import { addProfiles } from "./commands/profiles";

const VERSION = "0.1.0";

/** The whole command line. */
export function buildProgram(): Command {
  const program = new Command("fleetctl")
    .description("Manage a fleet of devices behind the OneMO MN316 NB-IoT module")
    .version(VERSION, "--version")
    .option("--json", "print JSON: one document, or for what goes on and on one a line")
    .option("--no-color", "print no colours; NO_COLOR does the same")
    .option("--context <name>", "the server to use, of those that `fleetctl contexts` lists")
    .option("--url <url>", "the server to use, with the key of FLEET_KEY")
    .addHelpText(
      "after",
      `
Without --context and --url: FLEET_URL with FLEET_KEY, else the server that was logged in to last, or chosen by \`use\`.
Devices are named by id, name or IMEI. HTTPS_PROXY, HTTP_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS are respected.
Exit codes: 0 done, 1 refused or failed, 2 wrong arguments, 3 job not wholly successful, 4 job aborted, 5 job canceled,
6 no connection, 7 key not accepted, 8 job not over in time, 130 interrupted.`,
    )
    .showHelpAfterError("(--help shows more)")
    .exitOverride();
  for (const add of [
    addDevices,
    addConfig,
    addProfiles,
    addJobs,
    addEvents,
    addAlerts,
    addAnalytics,
    addExport,
    addConsole,
    addEnrollmentKeys,
    addApiKeys,
    addFleets,
    addApi,
    addContexts,
    addCompletion,
  ])
    add(program);
  return program;
}
