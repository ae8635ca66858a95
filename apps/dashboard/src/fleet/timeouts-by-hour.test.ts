import { timeoutsByHour } from "./timeouts-by-hour";

describe("timeoutsByHour", () => {
  it("has every hour of the range, those without timeouts included, and each type that occurred", () => {
    const none = { connect: 0, publish: 0, subscribe: 0, unsubscribe: 0, ping: 0, unknown: 0 };
    const rows = [{ ...none, at: "2026-01-01T01:00:00.000Z", ping: 3, connect: 1 }];
    expect(timeoutsByHour({ from: "2026-01-01T00:30:00.000Z", to: "2026-01-01T02:10:00.000Z", rows })).toEqual([
      { at: Date.parse("2026-01-01T00:00:00Z"), total: 0, counts: [] },
      {
        at: Date.parse("2026-01-01T01:00:00Z"),
        total: 4,
        counts: [
          { name: "connect", count: 1 },
          { name: "ping", count: 3 },
        ],
      },
      { at: Date.parse("2026-01-01T02:00:00Z"), total: 0, counts: [] },
    ]);
  });

  it("is empty for an empty range", () => {
    const moment = "2026-01-01T00:00:00.000Z";
    expect(timeoutsByHour({ from: moment, to: moment, rows: [] })).toEqual([]);
  });
});
