import { localTime } from "@mn316-fleet/contracts";
import fc from "fast-check";
import { bucketStarts, hourOfDay } from "./local-buckets";
import { HOUR_MS, TimeFrame } from "./time-frame";

const iso = (ms: number) => new Date(ms).toISOString();
const starts = (unit: "hour" | "day", timeZone: string, from: string, to: string) =>
  bucketStarts(unit, timeZone, Date.parse(from), Date.parse(to)).map(iso);

describe("buckets of a time zone", () => {
  it.each([
    [
      "a day of 23 hours",
      "Europe/Berlin",
      "2026-03-29T12:00Z",
      ["2026-03-28T23:00", "2026-03-29T22:00", "2026-03-30T22:00"],
    ],
    [
      "a day of 25 hours",
      "America/New_York",
      "2026-11-01T12:00Z",
      ["2026-11-01T04:00", "2026-11-02T05:00", "2026-11-03T05:00"],
    ],
    [
      "a day that begins at one o'clock",
      "America/Santiago",
      "2026-09-06T12:00Z",
      ["2026-09-06T04:00", "2026-09-07T03:00", "2026-09-08T03:00"],
    ],
    [
      "days half an hour off",
      "Asia/Kolkata",
      "2026-06-01T12:00Z",
      ["2026-05-31T18:30", "2026-06-01T18:30", "2026-06-02T18:30"],
    ],
  ])("know %s", (_, timeZone, noon, expected) => {
    const to = iso(Date.parse(noon) + 48 * HOUR_MS);
    expect(starts("day", timeZone, noon, to)).toEqual(expected.map((start) => iso(Date.parse(`${start}Z`))));
  });

  it("show an hour that comes twice as two, and half an hour where clocks change by that", () => {
    expect(starts("hour", "America/New_York", "2026-11-01T05:30Z", "2026-11-01T07:00Z")).toEqual([
      "2026-11-01T05:00:00.000Z",
      "2026-11-01T06:00:00.000Z",
    ]);
    expect(starts("hour", "Australia/Lord_Howe", "2026-04-04T14:30Z", "2026-04-04T16:30Z")).toEqual([
      "2026-04-04T14:00:00.000Z",
      "2026-04-04T15:00:00.000Z",
      "2026-04-04T15:30:00.000Z",
    ]);
  });

  const zone = fc.constantFrom("UTC", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns");
  const range = fc
    .tuple(
      fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2026, 11, 1) }),
      fc.integer({ min: 1, max: 200 * HOUR_MS }),
    )
    .map(([fromMs, length]) => ({ fromMs, toMs: fromMs + length }));

  it("hold what the clock calls one hour or day", () => {
    fc.assert(
      fc.property(zone, range, fc.constantFrom("hour" as const, "day" as const), (timeZone, { fromMs, toMs }, unit) => {
        const all = bucketStarts(unit, timeZone, fromMs, toMs);
        expect(all[0]).toBeLessThanOrEqual(fromMs);
        expect(all.at(-1)).toBeLessThan(toMs);
        for (const [index, start] of all.entries()) {
          const end = all[index + 1] ?? start + 1;
          expect(end).toBeGreaterThan(start);
          expect(localTime(timeZone, end - 1).day).toBe(localTime(timeZone, start).day);
          if (unit === "hour") expect(hourOfDay(timeZone, end - 1)).toBe(hourOfDay(timeZone, start));
        }
      }),
    );
  });

  it("and the hours of UTC cut a range without a hole or a double", () => {
    fc.assert(
      fc.property(zone, range, fc.constantFrom("hour" as const, "day" as const), (timeZone, { fromMs, toMs }, unit) => {
        const frame = new TimeFrame({ fromMs, toMs, timeZone, unit });
        const parts = frame.pieces().map((piece) => ({ from: piece.fromMs, to: piece.toMs, bucket: piece.bucket }));
        for (let hour = frame.whole.fromMs; hour < frame.whole.toMs; hour += HOUR_MS)
          if (!frame.cutHours.includes(hour))
            parts.push({
              from: hour,
              to: hour + HOUR_MS,
              bucket: frame.starts.findLastIndex((start) => start <= hour),
            });
        parts.sort((a, b) => a.from - b.from);
        expect([parts[0]!.from, parts.at(-1)!.to]).toEqual([fromMs, toMs]);
        for (const [index, { from, to, bucket }] of parts.entries()) {
          expect(from).toBeGreaterThanOrEqual(frame.begin(bucket));
          expect(to).toBeLessThanOrEqual(Math.max(frame.begin(bucket + 1), from + 1));
          if (index > 0) expect(from).toBe(parts[index - 1]!.to);
        }
      }),
    );
  });

  it("counts an hour whose raw events are gone as a whole where it begins, and says so", () => {
    const fromMs = Date.UTC(2026, 0, 1, 0, 30);
    const frame = new TimeFrame({ fromMs, toMs: fromMs + 3 * HOUR_MS, timeZone: "UTC", unit: "hour" });
    expect(frame.countedFrom(0)).toMatchObject({ isExact: true, stretches: [{}, {}] });
    expect(frame.countedFrom(fromMs + HOUR_MS)).toMatchObject({
      isExact: false,
      cutHours: [Date.UTC(2026, 0, 1, 3)],
      stretches: [{ fromMs: Date.UTC(2026, 0, 1, 3), toMs: fromMs + 3 * HOUR_MS }],
    });
  });
});
