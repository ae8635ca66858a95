import { lanesOf, ticksOf } from "./outage-lanes";

const outage = (deviceId: string, began: string, seconds: number) => ({
  ...{ deviceId, name: deviceId, seconds, unknownSeconds: 0, cause: "heartbeat-lost" as const, cell: null },
  ...{ began: `2026-11-01T${began}:00.000Z`, ended: null },
});

describe("lanes of outages", () => {
  it("show who was away for longest, in the order in which their outages began", () => {
    const { lanes, others } = lanesOf(
      [
        outage("short", "01:00", 10),
        outage("long", "05:00", 900),
        outage("often", "09:00", 300),
        outage("often", "02:00", 300),
      ],
      2,
    );
    expect(lanes.map(({ deviceId }) => deviceId)).toEqual(["often", "long"]);
    expect(lanes[0]?.outages.map(({ began }) => began.slice(11, 16))).toEqual(["02:00", "09:00"]);
    expect(others).toBe(1);
  });

  it("are none where nobody was away", () => {
    expect(lanesOf([], 5)).toEqual({ lanes: [], others: 0 });
  });
});

describe("ticks of a range", () => {
  it("are every six hours of a day, and never before it begins", () => {
    const { bucket, at } = ticksOf({ from: "2026-11-01T07:30:00.000Z", to: "2026-11-02T07:30:00.000Z" });
    expect(bucket).toBe("hour");
    expect(at).toHaveLength(4);
    expect(at.every((ms) => new Date(ms).getHours() % 6 === 0)).toBe(true);
  });

  it("are midnights of a week, and at most eight of a month", () => {
    const week = ticksOf({ from: "2026-11-01T07:30:00.000Z", to: "2026-11-08T07:30:00.000Z" });
    expect(week.at).toHaveLength(7);
    expect(week.at.every((ms) => new Date(ms).getHours() === 0)).toBe(true);
    const month = ticksOf({ from: "2026-10-02T07:30:00.000Z", to: "2026-11-01T07:30:00.000Z" });
    expect(month.bucket).toBe("day");
    expect(month.at.length).toBeGreaterThan(4);
    expect(month.at.length).toBeLessThanOrEqual(8);
  });
});
