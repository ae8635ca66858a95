import type { Page } from "@mn316-fleet/contracts";
import { z } from "zod";
import { invalid } from "../problems/problem.error";

/**
 * Writes the position after which the next page begins; opaque to callers.
 * @param position the last item's sort key, JSON
 */
export function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/**
 * Reads a caller's cursor.
 * @throws 422 naming `cursor` where it was not made by `encodeCursor` for this list
 */
export function decodeCursor<T>(cursor: string | undefined, position: z.ZodType<T>): T | undefined {
  if (cursor === undefined) return undefined;
  const parsed = position.safeParse(parseJson(Buffer.from(cursor, "base64url").toString()));
  if (parsed.success) return parsed.data;
  throw invalid([{ path: "cursor", rule: "cursor", message: "must be the `next` of a page of this list" }]);
}

/**
 * Makes a page of the rows of a query that asked for one more than `limit`.
 * @param position the sort key of a row
 */
export function pageOfRows<Row, Item>(
  rows: Row[],
  limit: number,
  item: (row: Row) => Item,
  position: (row: Row) => unknown,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(item),
    next: rows.length > limit && last !== undefined ? encodeCursor(position(last)) : null,
  };
}

/** Position in a list ordered by creation: time in ms and id. */
export const createdPosition = z.tuple([z.number().int().min(0).max(8.64e15), z.uuid()]);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
