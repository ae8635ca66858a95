import { isOpen, opensWithin, windowSchema } from "./job-window";
import { isTimeZone, localTime } from "./time-zone";

const at = (time: string) => Date.parse(time);

describe("a maintenance window", () => {
  it.each<[time: string, timeZone: string, open: boolean]>([
    ["2026-11-25T02:00:00Z", "UTC", true],
    ["2026-11-25T03:59:59Z", "UTC", true],
    ["2026-11-25T04:00:00Z", "UTC", false],
    ["2026-11-25T01:59:00Z", "UTC", false],
    ["2026-11-24T18:30:00Z", "Asia/Shanghai", true],
    ["2026-11-25T02:30:00Z", "Asia/Shanghai", false],
    ["2026-07-01T06:30:00Z", "America/New_York", true],
    ["2026-12-01T06:30:00Z", "America/New_York", false],
  ])("from 02:00 to 04:00 at %s in %s: %s", (time, timeZone, open) => {
    expect(isOpen({ from: "02:00", to: "04:00" }, timeZone, at(time))).toBe(open);
  });

  it.each<[time: string, open: boolean]>([
    ["2026-11-27T22:59:00Z", false],
    ["2026-11-27T23:00:00Z", true], // a Friday
    ["2026-11-28T01:59:00Z", true], // still Friday's
    ["2026-11-28T02:00:00Z", false],
    ["2026-11-28T23:30:00Z", false],
    ["2026-11-27T01:00:00Z", false], // Thursday's
  ])("over midnight belongs to the day on which it began: %s %s", (time, open) => {
    expect(isOpen({ from: "23:00", to: "02:00", days: ["fri"] }, "UTC", at(time))).toBe(open);
  });

  it("is known to open or not before a job ends", () => {
    const window = windowSchema.parse({ from: "02:00", to: "03:00", days: ["sat"], timeZone: "Asia/Shanghai" });
    expect(opensWithin(window, at("2026-11-25T00:00:00Z"), at("2026-11-27T17:59:00Z"))).toBe(false);
    expect(opensWithin(window, at("2026-11-25T00:00:00Z"), at("2026-11-27T18:02:00Z"))).toBe(true);
    expect(opensWithin(window, at("2026-11-27T19:00:00Z"), at("2026-12-02T00:00:00Z"))).toBe(false);
    expect(opensWithin(window, at("2026-11-27T19:00:00Z"), at("2027-12-02T00:00:00Z"))).toBe(true);
  });
});

describe("a time zone", () => {
  it("is one that IANA names", () => {
    for (const name of ["UTC", "Asia/Shanghai", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
      expect(isTimeZone(name)).toBe(true);
    for (const name of ["", "+01:00", "Mars/Olympus", "a b", "../UTC"]) expect(isTimeZone(name)).toBe(false);
  });

  it("tells the local day and minute", () => {
    expect(localTime("UTC", 0)).toEqual({ day: 0, weekday: 4, minute: 0 });
    expect(localTime("America/New_York", 0)).toEqual({ day: -1, weekday: 3, minute: 19 * 60 });
  });
});
