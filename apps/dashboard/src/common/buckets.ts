const HOUR_MS = 3_600_000;

/** The browser's time zone, as the API takes it. */
export const browserTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * When the buckets of a range begin, by the browser's clock, those without a value included.
 * @returns ms since 1970, ascending
 */
export function bucketStarts(range: { from: string; to: string }, bucket: "hour" | "day"): number[] {
  const endMs = Date.parse(range.to);
  const start = new Date(range.from);
  if (bucket === "hour") start.setMinutes(0, 0, 0);
  else start.setHours(0, 0, 0, 0);
  const starts: number[] = [];
  while (start.getTime() < endMs) {
    starts.push(start.getTime());
    if (bucket === "hour") start.setTime(start.getTime() + HOUR_MS);
    else start.setDate(start.getDate() + 1); // a day on which clocks change is not 24 hours long
  }
  return starts;
}

/** When a bucket begins. */
export function bucketInWords(at: number, bucket: "hour" | "day", locale: string): string {
  const format = { hour: { hour: "2-digit", minute: "2-digit" }, day: { day: "numeric", month: "short" } } as const;
  return new Date(at).toLocaleString(locale, format[bucket]);
}
