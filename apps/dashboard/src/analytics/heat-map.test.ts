import { CAUSES } from "@mn316-fleet/protocol";
import { heatRows } from "./heat-map";

const none = Object.fromEntries(CAUSES.map((cause) => [cause, 0])) as Record<(typeof CAUSES)[number], number>;
const local = (day: number, hour: number) => new Date(2026, 10, day, hour).toISOString();

it("counts disconnects that nobody asked for by day and hour of the local clock", () => {
  const rows = heatRows({
    from: local(25, 22),
    to: local(26, 3),
    rows: [
      { at: local(25, 23), ...none, "heartbeat-lost": 2, requested: 5 },
      { at: local(26, 1), ...none, "gave-up": 1, unknown: 1 },
    ],
  });
  expect(rows.map(({ at }) => new Date(at).getDate())).toEqual([25, 26]);
  expect(rows[0]?.hours.slice(20)).toEqual([null, null, 0, 2]);
  expect(rows[1]?.hours.slice(0, 5)).toEqual([0, 2, 0, null, null]);
});
