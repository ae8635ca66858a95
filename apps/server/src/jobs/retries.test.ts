import type { ExecutionStatus } from "@mn316-fleet/contracts";
import type { JobKind } from "@mn316-fleet/protocol";
import { mayTryAgain } from "./retries";

describe("another attempt", () => {
  it.each<[kind: JobKind, repeatable: boolean, status: ExecutionStatus, error: string | null, again: boolean]>([
    ["at", false, "FAILED", "step 1 was answered ERROR", true],
    ["at", false, "FAILED", "interrupted", false],
    ["at", false, "TIMED_OUT", null, false],
    ["at", true, "FAILED", "interrupted", true],
    ["at", true, "TIMED_OUT", null, true],
    ["restart", false, "FAILED", "no answer", true],
    ["restart", false, "TIMED_OUT", null, false],
    ["reconnect", false, "TIMED_OUT", null, true],
    ["probe", false, "FAILED", "interrupted", true],
    ["configure", false, "TIMED_OUT", null, true],
    ["reconnect", false, "REJECTED", "at.deny forbids it", false],
    ["reconnect", false, "CANCELED", null, false],
    ["reconnect", false, "EXPIRED", null, false],
    ["reconnect", false, "SUCCEEDED", null, false],
  ])("%s, repeatable %s, %s (%s): %s", (kind, repeatable, status, error, again) => {
    expect(mayTryAgain({ kind, repeatable, retries: 2 }, { attempt: 2, status, error })).toBe(again);
    expect(mayTryAgain({ kind, repeatable, retries: 2 }, { attempt: 3, status, error })).toBe(false);
  });
});
