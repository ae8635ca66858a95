import { open, readFile, rename } from "node:fs/promises";
import path from "node:path";

const FILE = "epoch";

/**
 * The number of a new outbox: larger than that of any before it in this folder, even if the store was lost or the clock
 * stands wrong.
 * @param now ms since 1970
 */
export async function nextEpoch(dataDir: string, now: number): Promise<number> {
  const file = path.join(dataDir, FILE);
  const last = Number(await readFile(file, "utf8").catch(() => "0"));
  const epoch = Math.max(Math.floor(now), (Number.isSafeInteger(last) ? last : 0) + 1, 1);
  const temporary = `${file}.new`;
  const handle = await open(temporary, "w");
  try {
    await handle.writeFile(String(epoch));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  return epoch;
}
