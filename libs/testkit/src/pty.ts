import * as nodePty from "@lydell/node-pty";
import { closeSync, constants, openSync } from "node:fs";
import type { Duplex } from "node:stream";

/** A real pseudo-terminal: a serial port for the one who opens its path, a stream for the one who plays the module. */
export interface Pty {
  path: string;
  stream: Duplex;
  close(): void;
}

/** A terminal without a program in it, which the package offers but does not declare. */
const { open } = nodePty as unknown as {
  open: (options: { cols: number; rows: number; encoding: null }) => { ptsName: string; master: Duplex; slave: Duplex };
};

/** Why this system has no pseudo-terminals; undefined where it has. */
export function whyNoPty(): string | undefined {
  return process.platform === "win32" ? "Windows has no pseudo-terminal that is a serial port" : undefined;
}

export function openPty(): Pty {
  const { ptsName: path, master: stream, slave } = open({ cols: 80, rows: 24, encoding: null });
  // Its own reader would take bytes meant for the host; but with nobody at the other end, the stream would end.
  const keptOpen = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  slave.destroy();
  stream.on("error", () => undefined); // a terminal that is closed reads as EIO
  return {
    path,
    stream,
    close: () => {
      closeSync(keptOpen);
      stream.destroy();
    },
  };
}
