import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";

/** A device of the virtual fleet, with what its agent proves itself with. */
export interface FleetDevice {
  id: string;
  token: string;
  name: string;
  imei: string;
}

/** @throws Error where there is a file that holds something else */
export async function readDevices(file: string): Promise<FleetDevice[]> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "[]";
    throw error;
  });
  try {
    return JSON.parse(text) as FleetDevice[];
  } catch {
    throw new Error(`--devices-file: ${file} holds no JSON`);
  }
}

/** Readable by its owner only, for it holds the tokens; whole or not at all. */
export async function writeDevices(file: string, devices: readonly FleetDevice[]): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify(devices, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
