import { z } from "zod";

/** Names as IANA keeps them; an offset such as `+01:00` would mean the opposite to some readers. */
const NAME = /^[A-Za-z][\w+/-]{0,63}$/;

export function isTimeZone(name: string): boolean {
  if (!NAME.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** An IANA time zone such as `Asia/Shanghai`. */
export const timeZoneSchema = z.string().refine(isTimeZone, {
  error: "must be an IANA time zone, such as Asia/Shanghai",
  params: { rule: "time-zone" },
  abort: true, // what is no time zone tells no time, which the rules of a whole job ask for
});

/** What clock and calendar show. */
export interface LocalTime {
  /** Days since 1970-01-01 by the local calendar. */
  day: number;
  /** 0 is Sunday. */
  weekday: number;
  minute: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const formats = new Map<string, Intl.DateTimeFormat>();

/** What clock and calendar show in a time zone, to the minute. */
export function localTime(timeZone: string, atMs: number): LocalTime {
  let format = formats.get(timeZone);
  if (!format) {
    const numeric = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
    format = new Intl.DateTimeFormat("en", { timeZone, hourCycle: "h23", ...numeric });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  const minutes = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute")) / MINUTE_MS;
  const day = Math.floor(minutes / DAY_MINUTES);
  return { day, weekday: (((day + 4) % 7) + 7) % 7, minute: minutes - day * DAY_MINUTES };
}
