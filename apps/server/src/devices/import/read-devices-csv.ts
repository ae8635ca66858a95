import { createDeviceSchema, type FieldError, IMPORT_COLUMNS, MAX_IMPORTED_DEVICES } from "@mn316-fleet/contracts";
import { CsvError, parse } from "csv-parse";
import { setImmediate } from "node:timers/promises";
import type { z } from "zod";
import { fieldErrors } from "../../platform/problems/validation.pipe";

type Column = (typeof IMPORT_COLUMNS)[number];

/** A device as a line of a file describes it. */
export interface DeviceLine {
  /** The first line is 1. */
  line: number;
  device: z.infer<typeof createDeviceSchema>;
}

/** Lines between two breaths: agents' frames are not to wait for a whole file. */
const AT_ONCE = 250;
const MAX_RECORD_BYTES = 16_384;
const OPTIONS = { bom: true, info: true, trim: true, skip_empty_lines: true, relax_column_count: true };

/**
 * Reads devices from CSV (RFC 4180) whose first line names the columns, in any order; tags are separated by `;`.
 * @returns the devices, or one error for each field that breaks a rule, under `lines.<line>.<column>`
 */
export async function readDevicesCsv(text: string): Promise<{ lines: DeviceLine[]; errors: FieldError[] }> {
  const lines: DeviceLine[] = [];
  const errors: FieldError[] = [];
  const lineOfImei = new Map<string, number>();
  let columns: Column[] | undefined;
  try {
    const records = parse(text, { ...OPTIONS, max_record_size: MAX_RECORD_BYTES, to: MAX_IMPORTED_DEVICES + 2 });
    for await (const { record, info } of records as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const line = info.lines;
      if (!columns) {
        errors.push(...headerErrors(record, line));
        if (errors.length > 0) break;
        columns = record as Column[];
        continue;
      }
      if (record.length !== columns.length) errors.push(wrongCount(line, record.length, columns.length));
      else errors.push(...take(line, columns, record));
      if (line % AT_ONCE === 0) await setImmediate();
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    errors.push({ path: `lines.${String(error.lines)}`, rule: "csv", message: `is no CSV: ${error.message}` });
  }
  if (errors.length === 0 && lines.length === 0)
    errors.push({ path: "lines", rule: "required", message: "needs a line that names the columns, and one a device" });
  if (lines.length > MAX_IMPORTED_DEVICES)
    errors.unshift({ path: "lines", rule: "max", message: `must be at most ${MAX_IMPORTED_DEVICES} devices` });
  return { lines, errors };

  function take(line: number, names: Column[], record: string[]): FieldError[] {
    const cells = Object.fromEntries(names.map((name, index) => [name, record[index] ?? ""]));
    const parsed = createDeviceSchema.safeParse({
      name: cells.name,
      imei: cells.imei === "" ? undefined : cells.imei,
      tags: (cells.tags ?? "").split(";").flatMap((tag) => tag.trim() || []),
      timeZone: cells.timeZone === "" ? undefined : cells.timeZone,
    });
    if (!parsed.success) return fieldErrors(parsed.error.issues, ["lines", line]);
    const { imei } = parsed.data;
    const first = imei === undefined ? undefined : lineOfImei.get(imei);
    if (first !== undefined)
      return [{ path: `lines.${line}.imei`, rule: "unique", message: `is the same as in line ${first}` }];
    if (imei !== undefined) lineOfImei.set(imei, line);
    lines.push({ line, device: parsed.data });
    return [];
  }
}

function headerErrors(names: readonly string[], line: number): FieldError[] {
  const known: readonly string[] = IMPORT_COLUMNS;
  const errors = names.flatMap((name, index): FieldError[] => {
    const path = `lines.${line}.${name}`;
    if (!known.includes(name))
      return [
        {
          path,
          rule: "unknown-field",
          message: `there is no such column: the comma-separated ones are ${known.join(", ")}`,
        },
      ];
    return names.indexOf(name) < index ? [{ path, rule: "unique", message: "is there twice" }] : [];
  });
  if (!names.includes("name"))
    errors.push({ path: `lines.${line}.name`, rule: "required", message: "the first line must name this column" });
  return errors;
}

function wrongCount(line: number, found: number, expected: number): FieldError {
  return {
    path: `lines.${line}`,
    rule: "columns",
    message: `has ${found} fields where the first line names ${expected}`,
  };
}
