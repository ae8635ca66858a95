import type { Job } from "@mn316-fleet/contracts";

const BAR_WIDTH = 30;
const CLEAR_LINE = "\r\u001b[K";

/** One line that is drawn again and again on standard error, where a person looks on. */
export class Progress {
  private isDrawn = false;

  constructor(private readonly isWatched: boolean) {}

  draw(line: string): void {
    if (!this.isWatched) return;
    const room = (process.stderr.columns || 80) - 1; // a line that wraps cannot be taken back
    process.stderr.write(CLEAR_LINE + line.slice(0, room));
    this.isDrawn = true;
  }

  clear(): void {
    if (this.isDrawn) process.stderr.write(CLEAR_LINE);
    this.isDrawn = false;
  }
}

/** How many executions a job has, and how many of them are over. */
export function tally({ counts }: Pick<Job, "counts">): { total: number; done: number; bad: number } {
  const { queued, sent, running, succeeded, ...others } = counts;
  const bad = Object.values(others).reduce((sum, count) => sum + count, 0);
  return { total: queued + sent + running + succeeded + bad, done: succeeded + bad, bad };
}

/** `[#####-----] 50 of 100, 48 succeeded, 2 failed, 10 running`. */
export function progressLine(job: Pick<Job, "counts" | "status" | "isPaused" | "targets">): string {
  const { total, done } = tally(job);
  const filled = total === 0 ? 0 : Math.floor((done / total) * BAR_WIDTH);
  const bar = "#".repeat(filled) + "-".repeat(BAR_WIDTH - filled);
  const state = job.isPaused ? ", paused" : job.status === "SCHEDULED" ? ", not begun" : "";
  return `[${bar}] ${done} of ${total}${job.targets.isExpanded ? "" : " so far"}${countWords(job)}${state}`;
}

const WORDS: [keyof Job["counts"], string][] = [
  ["succeeded", "succeeded"],
  ["failed", "failed"],
  ["timedOut", "timed out"],
  ["rejected", "rejected"],
  ["canceled", "canceled"],
  ["expired", "expired"],
  ["running", "running"],
  ["sent", "sent"],
  ["queued", "queued"],
];

/** `, 48 succeeded, 2 failed`: what is not zero. */
export function countWords({ counts }: Pick<Job, "counts">): string {
  return WORDS.flatMap(([name, word]) => (counts[name] > 0 ? [`, ${counts[name]} ${word}`] : [])).join("");
}
