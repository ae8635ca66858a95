import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** By this variable all processes of a world are known, whoever started them. */
export const MARK = "CHAOS_WORLD";

/** A process and all below it, itself first. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const other of processIds()) {
    const parent = parentOf(other);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), other]);
  }
  const tree = [pid];
  for (const one of tree) tree.push(...(children.get(one) ?? []));
  return tree;
}

/** Sends a signal to processes; those that are gone already do not mind. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

/** All processes that carry a world's mark, but for this one. */
export function markedProcesses(mark: string): { pid: number; command: string }[] {
  return processIds().flatMap((pid) => {
    if (pid === process.pid) return [];
    const environment = readOf(pid, "environ");
    const command = readOf(pid, "cmdline").replaceAll("\0", " ").trim();
    return command !== "" && environment.split("\0").includes(`${MARK}=${mark}`) ? [{ pid, command }] : [];
  });
}

/** What a process holds now. */
export interface Holdings {
  residentMib: number;
  sockets: number;
}

export function holdingsOf(pid: number): Holdings {
  const residentKib = Number(/^VmRSS:\s+(\d+)/m.exec(readOf(pid, "status"))?.[1] ?? 0);
  return { residentMib: residentKib / 1_024, sockets: socketsOf(pid) };
}

function socketsOf(pid: number): number {
  let sockets = 0;
  try {
    for (const descriptor of readdirSync(`/proc/${pid}/fd`))
      try {
        if (readlinkSync(`/proc/${pid}/fd/${descriptor}`).startsWith("socket:")) sockets++;
      } catch {
        // closed meanwhile
      }
  } catch {
    return 0; // the process has ended
  }
  return sockets;
}

const processIds = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function parentOf(pid: number): number | undefined {
  const stat = readOf(pid, "stat");
  // The program's name stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[1] === undefined ? undefined : Number(fields[1]);
}

/** A file of a process; empty for one that has ended. */
function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
