import type { StorableEvent } from "@mn316-fleet/protocol";
import { storable } from "../platform/database/storable";

/** The last moment that ISO 8601 writes with four digits for the year, which is what all sides read. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** How JSON writes what `storable` replaces; found far more quickly than by looking into every text. */
const PERHAPS_UNSTORABLE = /\\u(?:0000|d[89a-f])/;

/** The same event, with what PostgreSQL can hold: a clock beyond the year 9999 stands at its end. */
export function storableEvent(event: StorableEvent): StorableEvent {
  const isLate = event.at > LATEST_MS || (event.kind === "state" && event.since > LATEST_MS);
  if (!isLate && !PERHAPS_UNSTORABLE.test(JSON.stringify(event))) return event;
  const clean = { ...storable(event), at: Math.min(event.at, LATEST_MS) };
  return clean.kind === "state" ? { ...clean, since: Math.min(clean.since, LATEST_MS) } : clean;
}
