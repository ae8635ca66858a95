import type { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { lstat, readlink, rename, rm, symlink } from "node:fs/promises";
import { ReadStream } from "node:tty";
import type { OpenLine } from "./open-line";

interface NativePty {
  open(columns: number, rows: number): { master: number; slave: number; pty: string };
}

/**
 * Offers a module's line as a pseudo-terminal, which a host opens like any serial port.
 * @param link a symbolic link to make to it, replacing one that is there
 * @throws Error where the system has no pseudo-terminals, or the link's place is taken by something else
 */
export async function openPty(module: VirtualMn316, link: string | undefined): Promise<OpenLine> {
  if (process.platform === "win32") throw new Error("--pty: Windows has no pseudo-terminals, use --tcp PORT");
  const { master, slave, pty } = (await loadNative()).open(80, 24);
  const ours = new ReadStream(master);
  // Held open so that our end outlives the hosts that come and go, and raw, or the system would echo what the module says.
  const theirs = new ReadStream(slave);
  theirs.setRawMode(true);
  ours.on("error", () => undefined); // it ends with the process
  module.attach(ours);
  if (link !== undefined) await makeLink(pty, link);
  return {
    address: link ?? pty,
    close: async () => {
      if (link !== undefined && (await readlink(link).catch(() => "")) === pty) await rm(link, { force: true });
      ours.destroy();
      theirs.destroy();
    },
  };
}

/** The package's own face reads both ends itself; a serial line needs the bare pair. */
async function loadNative(): Promise<NativePty> {
  const { requireBinary } = await import("@lydell/node-pty/requireBinary.js");
  return requireBinary("pty.node") as NativePty;
}

/** Made aside and moved, so that whoever opens the path finds the old line or the new one. */
async function makeLink(target: string, link: string): Promise<void> {
  const present = await lstat(link).catch(() => undefined);
  if (present && !present.isSymbolicLink()) throw new Error(`--link: ${link} exists and is no symbolic link`);
  const aside = `${link}.${process.pid}`;
  await rm(aside, { force: true });
  await symlink(target, aside);
  await rename(aside, link);
}
