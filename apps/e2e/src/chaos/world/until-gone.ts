import { eventually } from "@mn316-fleet/testkit";
import { existsSync, readFileSync } from "node:fs";

/** Waits until none of the processes lives; one that waits for its parent to notice counts as gone. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  await eventually(() => {
    const alive = pids.filter((pid) => existsSync(`/proc/${pid}`) && !isDefunct(pid));
    if (alive.length > 0) throw new Error(`processes ${alive.join(", ")} still live`);
  });
}

function isDefunct(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return true;
  }
}
