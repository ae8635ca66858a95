import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

/** Who PostgreSQL runs as where this process is root, which it refuses to be. */
export interface Account {
  uid: number;
  gid: number;
}

/** How to start a program as somebody else. */
export interface Start {
  command: string;
  commandArgs: string[];
  ids: Partial<Account>;
}

const CANDIDATES = ["postgres", "nobody"];
const ROOT = 0;

/**
 * The account for a folder: its owner, else the first of `postgres` and `nobody` that this system has.
 * @returns undefined where this process is not root and just stays what it is
 * @throws Error where the system has neither
 */
export async function unprivilegedAccount(folder: string): Promise<Account | undefined> {
  if (process.getuid?.() !== ROOT) return undefined;
  const owner = await stat(folder).catch(() => undefined);
  if (owner && owner.uid !== ROOT) return { uid: owner.uid, gid: owner.gid };
  for (const name of CANDIDATES) {
    const account = await lookUp(name);
    if (account) return account;
  }
  throw new Error("as root it needs a user postgres or nobody to run as, and this system has neither");
}

async function lookUp(name: string): Promise<Account | undefined> {
  const id = async (flag: "-u" | "-g") => Number((await promisify(execFile)("id", [flag, name])).stdout);
  try {
    return { uid: await id("-u"), gid: await id("-g") };
  } catch {
    return undefined;
  }
}

/**
 * Prepares to start a program as an account. Where a folder on the way to its files is closed to that account (a clone
 * below /root, say), it may also search and read all folders, which is the one of root's rights that this takes.
 */
export function asAccount(account: Account | undefined, files: string[], program: string, args: string[]): Start {
  if (!account) return { command: program, commandArgs: args, ids: {} };
  if (files.every((file) => isReachable(path.dirname(file), account)))
    return { command: program, commandArgs: args, ids: account };
  const capability = "-all,+dac_read_search";
  const options = [`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups"];
  // PostgreSQL asks access(2) for its own files, which forgets capabilities unless this bit is set.
  options.push("--securebits=+no_setuid_fixup");
  options.push(`--inh-caps=${capability}`, "--ambient-caps=+dac_read_search", `--bounding-set=${capability}`);
  return { command: "setpriv", commandArgs: [...options, program, ...args], ids: {} };
}

const SEARCHABLE_BY_ALL = 0o001;
const SEARCHABLE_BY_OWNER = 0o100;

function isReachable(folder: string, account: Account): boolean {
  const { mode, uid } = statSync(folder);
  const isOpen = (mode & (uid === account.uid ? SEARCHABLE_BY_OWNER : SEARCHABLE_BY_ALL)) !== 0;
  return isOpen && (folder === path.dirname(folder) || isReachable(path.dirname(folder), account));
}
