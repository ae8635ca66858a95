import { type AtPolicy, type ExecuteFrame, forbiddenBy } from "@mn316-fleet/protocol";

/**
 * Why this device does not run an execution, whatever the server thinks of it.
 * @param policy of the configuration in force
 * @param own policy of the agent's own settings, which no server can widen
 * @param serverNow ms since 1970 by the server's clock
 * @returns undefined where it may run
 */
export function refusal(
  frame: ExecuteFrame,
  policy: AtPolicy | undefined,
  own: AtPolicy,
  serverNow: number,
): string | undefined {
  if (serverNow > frame.notAfter) return `came too late: not to begin after ${new Date(frame.notAfter).toISOString()}`;
  if (frame.job.kind !== "at") return undefined;
  if (frame.steps.length === 0) return "has no steps";
  for (const [index, { command }] of frame.steps.entries()) {
    const why = commandRefusal(command, policy, own);
    if (why !== undefined) return `step ${index + 1}: ${why}`;
  }
  return undefined;
}

/** Why one AT command may not go to the module: for jobs and the console alike. */
export function commandRefusal(command: string, policy: AtPolicy | undefined, own: AtPolicy): string | undefined {
  if (!/^AT/i.test(command)) return "an AT command begins with AT";
  if (!/^[\u0020-\u007e]*$/.test(command)) return "only printable ASCII may reach the module, without CR, LF and NUL";
  if (command.replaceAll(/"[^"]*"/g, "").includes(";")) return "commands chained by ; are refused";
  const forbidden = forbiddenBy(own, command);
  if (forbidden !== undefined) return `${forbidden} (by this agent's own settings)`;
  return policy && forbiddenBy(policy, command);
}
