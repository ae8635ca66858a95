import type { ExecutionReport } from "@mn316-fleet/protocol";
import type { AgentStore } from "../store/agent-store";

export interface JournalEntry {
  execution: string;
  attempt: number;
  /** ms since 1970 */
  begunAt: number;
  /** How it ended; absent while it runs, or when the agent died in it. */
  final?: ExecutionReport;
}

const FIRST_KEY = "x/";
const LAST_KEY = "x/~";
/** Ended executions are kept so long: the server repeats none that is older. */
const KEPT_MS = 30 * 24 * 3_600_000;
const MAX_KEPT = 1_000;

const keyOf = (execution: string, attempt: number) => `x/${execution}/${attempt}`;

/** Which executions were begun, written before the first AT command of each. */
export class Journal {
  constructor(private readonly store: AgentStore) {}

  find(execution: string, attempt: number): Promise<JournalEntry | undefined> {
    return this.store.read<JournalEntry>(keyOf(execution, attempt));
  }

  write(entry: JournalEntry): Promise<void> {
    return this.store.save(keyOf(entry.execution, entry.attempt), entry);
  }

  /** Removes what is old, and gives what was begun and never ended. */
  async clean(now: number): Promise<JournalEntry[]> {
    const entries: JournalEntry[] = [];
    for await (const [, value] of this.store.entries(FIRST_KEY, LAST_KEY)) {
      const entry = JSON.parse(value) as JournalEntry;
      if (entry.final) entry.final = { ...entry.final, output: [] };
      entries.push(entry);
    }
    entries.sort((left, right) => right.begunAt - left.begunAt);
    const isOld = ({ begunAt }: JournalEntry, index: number) => now - begunAt > KEPT_MS || index >= MAX_KEPT;
    const old = entries.filter((entry, index) => entry.final && isOld(entry, index));
    await this.store.write(old.map(({ execution, attempt }) => ({ key: keyOf(execution, attempt), value: undefined })));
    return entries.filter(({ final }) => !final);
  }
}
