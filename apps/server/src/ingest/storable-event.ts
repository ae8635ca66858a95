import type { StorableEvent } from "@mn316-fleet/protocol";
import { storable } from "../platform/database/storable";

/** The last moment that ISO 8601 writes with four digits for the year, which is what all sides read. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** How JSON writes what `storable` replaces; found far more quickly than by looking into every text. */
const PERHAPS_UNSTORABLE = /\\u(?:0000|d[89a-f])/;

/** An event as PostgreSQL can hold it, and in JSON what its kind has beside the number and the time. */
export interface SerializedEvent {
  event: StorableEvent;
  fields: string;
}

/** The same event, with what PostgreSQL can hold: a clock beyond the year 9999 stands at its end. */
export function storableEvent(event: StorableEvent): SerializedEvent {
  const fields = fieldsOf(event);
  const isLate = event.at > LATEST_MS || (event.kind === "state" && event.since > LATEST_MS);
  if (!isLate && !PERHAPS_UNSTORABLE.test(fields)) return { event, fields };
  const clean = { ...storable(event), at: Math.min(event.at, LATEST_MS) };
  const whole = clean.kind === "state" ? { ...clean, since: Math.min(clean.since, LATEST_MS) } : clean;
  return { event: whole, fields: fieldsOf(whole) };
}

const fieldsOf = ({ seq: _seq, at: _at, kind: _kind, ...fields }: StorableEvent) => JSON.stringify(fields);
