import { byUrgency } from "./attention";

const outage = (deviceId: string, seconds: number, ended: string | null) => ({
  ...{ deviceId, name: deviceId, seconds, ended, unknownSeconds: 0, cell: null },
  ...{ began: "2026-11-27T00:00:00.000Z", cause: "heartbeat-lost" as const },
});

describe("what needs attention first", () => {
  it("passes over outages that are over, and puts the longest one before shorter ones", () => {
    const outages = [
      outage("short", 60, null),
      outage("over", 9_000, "2026-11-27T02:30:00.000Z"),
      outage("long", 600, null),
    ];
    expect(byUrgency({ outages, flapping: [], configs: [] }).map(({ name }) => name)).toEqual(["long", "short"]);
  });

  it("names a device once, with all its reasons, before devices with fewer", () => {
    const flaps = {
      ...{ deviceId: "short", name: "short", disconnects: 9, flappingHours: 1, peakPerHour: 9 },
      peakAt: "2026-11-27T00:00:00.000Z",
    };
    const outages = [outage("long", 600, null), outage("short", 60, null)];
    expect(byUrgency({ outages, flapping: [flaps], configs: [] })).toEqual([
      {
        ...{ deviceId: "short", name: "short" },
        reasons: [
          { kind: "outage", seconds: 60, cause: "heartbeat-lost" },
          { kind: "flapping", peakPerHour: 9 },
        ],
      },
      { deviceId: "long", name: "long", reasons: [{ kind: "outage", seconds: 600, cause: "heartbeat-lost" }] },
    ]);
  });
});
