/** What a finding advises that each system does in its own way. */
export interface SystemWords {
  listPorts: string;
  /** For a port that may not be opened. */
  allowPort: string;
  setClock: string;
}

const LINUX: SystemWords = {
  listPorts: "ls -l /dev/serial/by-id/ lists what is plugged in",
  allowPort: "let this user use it, for example: sudo usermod -aG dialout $USER, then log in again",
  setClock: "timedatectl set-ntp true",
};
const SYSTEMS: Partial<Record<NodeJS.Platform, SystemWords>> = {
  linux: LINUX,
  darwin: {
    listPorts: "ls /dev/cu.* lists what is plugged in (the names in /dev/tty.* wait for a carrier)",
    allowPort: "let this user use it: ls -l tells whose it is",
    setClock: "sudo sntp -sS time.apple.com",
  },
  win32: {
    listPorts: "mode lists the serial ports, as the device manager does",
    // Windows denies access to a port that is in use.
    allowPort: "another program has it open, often an agent that runs: stop that one first",
    setClock: "w32tm /resync",
  },
};

/** The words of a system; those of Linux where it is another one. */
export function systemWords(platform: NodeJS.Platform = process.platform): SystemWords {
  return SYSTEMS[platform] ?? LINUX;
}
