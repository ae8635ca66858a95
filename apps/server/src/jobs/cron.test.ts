import { scheduleSchema } from "@mn316-fleet/contracts";
import { CronError, nextRun } from "./cron";

const next = (fields: object, after: string) =>
  nextRun(scheduleSchema.parse({ cron: "30 2 * * *", ...fields }), new Date(after))?.toISOString();

describe("the next run of a recurring job", () => {
  it.each<[fields: object, after: string, expected: string | undefined]>([
    [{}, "2026-11-25T02:29:59Z", "2026-11-25T02:30:00.000Z"],
    [{}, "2026-11-25T02:30:00Z", "2026-11-26T02:30:00.000Z"],
    [{ timeZone: "Asia/Shanghai" }, "2026-11-25T00:00:00Z", "2026-11-25T18:30:00.000Z"],
    [{ cron: "0 3 * * 5", timeZone: "Europe/Berlin" }, "2026-11-25T00:00:00Z", "2026-11-27T02:00:00.000Z"],
    // The clocks jump from 2 to 3 o'clock: the run is not left out.
    [{ timeZone: "Europe/Berlin" }, "2026-03-28T12:00:00Z", "2026-03-29T01:30:00.000Z"],
    [{ until: "2026-11-26T00:00:00Z" }, "2026-11-25T03:00:00Z", undefined],
  ])("%j after %s is %s", (fields, after, expected) => {
    expect(next(fields, after)).toBe(expected);
  });

  it.each(["", "* * * *", "* * * * * *", "61 * * * *", "a b c d e", "0 0 30 2 *"])("%j is refused", (cron) => {
    expect(() => next({ cron }, "2026-11-25T00:00:00Z")).toThrow(CronError);
  });
});
