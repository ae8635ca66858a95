import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "../files";

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
  await writeWhole(file, String(epoch));
  return epoch;
}
