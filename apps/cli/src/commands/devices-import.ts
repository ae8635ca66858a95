import { createDeviceSchema, type CreatedDevice } from "@mn316-fleet/contracts";
import { CsvError, parse as parseCsv } from "csv-parse/sync";
import type { Command } from "commander";
import { closeSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import type { z } from "zod";
import { readText } from "../documents";
import { explain, UsageError } from "../errors";
import { EXIT, type ExitCode } from "../exit-codes";
import { Progress } from "../output/progress";
import { type Session, withSession } from "../session/session";

type NewDevice = z.input<typeof createDeviceSchema>;

/** `fleetctl devices import`: many devices from a file. */
export function addImport(devices: Command): void {
  devices
    .command("import <file>")
    .description("Create devices from CSV (name,imei,tags,timeZone; tags between spaces) or JSON, - for standard input")
    .requiredOption("-o, --tokens <file>", "new file for ids and tokens, which are shown this once; CSV, mode 0600")
    .option("--dry-run", "only check the file")
    .action(withSession(importDevices));
}

async function importDevices(
  session: Session,
  file: string,
  { tokens, dryRun = false }: { tokens: string; dryRun?: boolean },
): Promise<ExitCode | undefined> {
  const rows = check(file, readRows(file, await readText(file)));
  if (dryRun) {
    session.output.document({ devices: rows.length }, () => `${rows.length} devices could be created`);
    return undefined;
  }
  // A file of before is never written over: its tokens are nowhere else.
  const sink = openSync(tokens, "wx", 0o600);
  const progress = new Progress(session.output.isWatched);
  const failures: { row: number; name: string; error: string }[] = [];
  let created = 0;
  try {
    writeSync(sink, "id,name,imei,token\n");
    for (const [index, row] of rows.entries()) {
      progress.draw(`${index} of ${rows.length} devices`);
      try {
        writeSync(sink, tokenLine(await session.client.devices.create(row)));
        created++;
      } catch (error) {
        failures.push({ row: index + 1, name: row.name, error: explain(error).text });
        if (explain(error).code === EXIT.unreachable || explain(error).code === EXIT.notAllowed) break;
      }
    }
  } finally {
    progress.clear();
    closeSync(sink);
  }
  const left = rows.length - created - failures.length;
  session.output.document({ created, failures, left }, () => [
    `${created} of ${rows.length} devices created; their tokens are in ${tokens}`,
    ...failures.map(({ row, name, error }) => `row ${row} (${name}): ${error}`),
    ...(left > 0 ? [`the last ${left} were not tried`] : []),
  ]);
  return failures.length > 0 ? EXIT.failed : undefined;
}

function tokenLine({ id, name, imei, token }: CreatedDevice): string {
  return `${[id, name, imei ?? "", token].map((value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(",")}\n`;
}

function readRows(file: string, text: string): unknown[] {
  const isJson = path.extname(file) === ".json" || /^\s*[[{]/.test(text);
  try {
    if (!isJson) return parseCsv(text, { columns: true, bom: true, skip_empty_lines: true, trim: true }).map(fromCsv);
    const rows: unknown = JSON.parse(text);
    if (Array.isArray(rows)) return rows;
  } catch (error) {
    if (error instanceof CsvError || error instanceof SyntaxError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
  throw new UsageError(`${file}: must hold an array of devices`);
}

function fromCsv(row: unknown): object {
  const { tags, ...fields } = row as Record<string, string>;
  const given = Object.entries(fields).filter(([, value]) => value !== "");
  return { ...Object.fromEntries(given), tags: tags?.split(/[\s;]+/).filter((tag) => tag !== "") ?? [] };
}

/** All rows are checked before the first device is made. */
function check(file: string, rows: unknown[]): NewDevice[] {
  const problems = rows.flatMap((row, index) => {
    const { error } = createDeviceSchema.safeParse(row);
    return (error?.issues ?? []).map(({ path: place, message }) => `row ${index + 1}: ${place.join(".")}: ${message}`);
  });
  if (problems.length === 0) return rows as NewDevice[];
  const shown = problems.slice(0, 20).join("\n  ");
  throw new UsageError(`${file} holds ${problems.length} mistakes; nothing was created\n  ${shown}`);
}
