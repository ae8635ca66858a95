import type { ImportedDevices } from "@mn316-fleet/contracts";
import type { Command } from "commander";
import { stringify } from "csv-stringify/sync";
import { closeSync, fsyncSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { readText } from "../documents";
import { type Session, withSession } from "../session/session";

const COLUMNS = ["line", "id", "name", "imei", "token"] as const;

interface ImportOptions {
  tokens: string;
  dryRun?: boolean;
  idempotencyKey?: string;
}

/** `fleetctl devices import`: many devices from a file, all of them or none. */
export function addImport(devices: Command): void {
  devices
    .command("import <file>")
    .description("Create devices from CSV (name,imei,tags,timeZone; tags between semicolons), - for standard input")
    .requiredOption("-o, --tokens <file>", "new file for ids and tokens, which are shown this once; CSV, mode 0600")
    .option("--dry-run", "only check the file, against the server's devices too")
    .option("--idempotency-key <key>", "makes the devices once, however often the command is run with it")
    .action(withSession(importDevices));
}

async function importDevices(session: Session, file: string, options: ImportOptions): Promise<void> {
  const { tokens, dryRun = false, idempotencyKey = crypto.randomUUID() } = options;
  const csv = await readText(file);
  if (dryRun) {
    const checked = await session.client.devices.import(csv, { dryRun });
    const count = "devices" in checked ? checked.devices : checked.items.length;
    session.output.document({ devices: count }, () => `${count} devices could be created`);
    return;
  }
  const made = await intoNewFile(tokens, async () => {
    const answer = await session.client.devices.import(csv, { idempotencyKey });
    return "items" in answer ? answer.items : [];
  });
  session.output.document({ created: made }, () => `${made} devices created; their tokens are in ${tokens}`);
}

/**
 * Writes the tokens of devices into a file that is there, and ours, before the devices are: what cannot be written fails
 * before anything is made, and a file of before is never written over, because its tokens are nowhere else.
 * @returns how many devices there are
 */
async function intoNewFile(place: string, make: () => Promise<ImportedDevices["items"]>): Promise<number> {
  const file = openSync(place, "wx", 0o600);
  let items: ImportedDevices["items"] | undefined;
  try {
    items = await make();
    writeFileSync(file, stringify(items, { header: true, columns: [...COLUMNS], escape_formulas: true }));
    fsyncSync(file);
    return items.length;
  } catch (error) {
    if (!items) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${items.length} devices were created, but ${place} does not hold all of their tokens: ${reason}`, {
      cause: error,
    });
  } finally {
    closeSync(file);
    if (!items) unlinkSync(place);
  }
}
