/** `fleetctl`: the fleet from a terminal or a script. */
import { ProblemResponseError } from "@mn316-fleet/client";
import { CommanderError } from "commander";
import { explain } from "../errors";
import { EXIT } from "../exit-codes";
import { buildProgram } from "../program";

// Whoever reads may have had enough, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

try {
  await buildProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    const { text, code } = explain(error);
    const isProblem = error instanceof ProblemResponseError && process.argv.includes("--json");
    process.stderr.write(isProblem ? `${JSON.stringify(error.problem)}\n` : `fleetctl: ${text}\n`);
    process.exitCode = code;
  }
}
