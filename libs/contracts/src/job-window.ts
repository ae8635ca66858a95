import { z } from "zod";
import { localTime, timeZoneSchema } from "./time-zone";

export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day, such as 02:30");

/** The hours in which a job may reach a device, by the clock where the device is. */
export const windowSchema = z
  .strictObject({
    from: timeOfDay,
    /** Earlier than `from`: on the next day. */
    to: timeOfDay,
    /** On which the window begins; every day unless given. */
    days: z.array(z.enum(WEEKDAYS)).min(1).max(7).optional(),
    /** Of devices that name none of their own. */
    timeZone: timeZoneSchema.default("UTC"),
  })
  .refine(({ from, to }) => from !== to, {
    path: ["to"],
    error: "must differ from `from`",
    params: { rule: "not-empty" },
  });
export type JobWindow = z.infer<typeof windowSchema>;

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
/** Longer than a week, and than any change of the clocks. */
const LONGEST_LOOK_MS = 9 * DAY_MS;

/** Whether a window is open in a time zone. */
export function isOpen(window: Pick<JobWindow, "from" | "to" | "days">, timeZone: string, atMs: number): boolean {
  const { weekday, minute } = localTime(timeZone, atMs);
  const [from, to] = [minutesOf(window.from), minutesOf(window.to)];
  const isDay = (day: number) => window.days?.includes(WEEKDAYS[(day + 7) % 7] ?? "sun") ?? true;
  if (from < to) return isDay(weekday) && minute >= from && minute < to;
  // Past midnight the window still is that of the day on which it began.
  return (minute >= from && isDay(weekday)) || (minute < to && isDay(weekday - 1));
}

/** Whether a window opens at all between two moments, by the clock of its own time zone. */
export function opensWithin(window: JobWindow, fromMs: number, toMs: number): boolean {
  const end = Math.min(toMs, fromMs + LONGEST_LOOK_MS);
  for (let at = fromMs; at < end; at += MINUTE_MS) if (isOpen(window, window.timeZone, at)) return true;
  return false;
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}
