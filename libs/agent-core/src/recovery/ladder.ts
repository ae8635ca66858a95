import type { DeviceConfig } from "@mn316-fleet/protocol";

type Policy = DeviceConfig["recovery"];

export interface RecoveryStep {
  /** Re-open the connection, delete and configure anew, restart the module first, or close and open the serial port. */
  action: "reopen" | "configure" | "restart" | "reopen-port";
  /** How long to wait before it, in ms. */
  waitMs: number;
}

const MAX_WAIT_MS = 3_600_000;
const JITTER = 0.2;

/**
 * The next step after the module gave up (§3.4): re-opens with growing waits, then configure anew, then restart the
 * module and open the serial port anew where the policy says so; then the same again, with the longest wait before each step. A
 * pure function.
 * @param taken steps taken since the connection was lost
 * @param random 0…1: waits differ by up to a fifth, so that a fleet does not come back in one moment
 */
export function recoveryStep(policy: Policy, taken: number, random: number): RecoveryStep {
  const { reopenAfterS, backoff, maxReopens, thenRestart, thenReopenPort = true } = policy;
  const round: RecoveryStep["action"][] = [
    ...Array.from({ length: maxReopens }, () => "reopen" as const),
    "configure",
    ...(thenRestart ? (["restart"] as const) : []),
    ...(thenReopenPort ? (["reopen-port"] as const) : []),
  ];
  const grown = reopenAfterS * 1_000 * backoff ** Math.min(taken, maxReopens);
  const waitMs = Math.max(1_000, Math.min(grown, MAX_WAIT_MS) * (1 + JITTER * (random * 2 - 1)));
  return { action: round[taken % round.length] ?? "configure", waitMs };
}
