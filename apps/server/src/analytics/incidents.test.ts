import fc from "fast-check";
import { type Begin, certainAfter, incidents } from "./incidents";

const WINDOW_MS = 100;
const MIN_DEVICES = 3;

/** What several devices of a group began at about the same time, or one by itself. */
const burst = fc
  .record({
    group: fc.constantFrom("A1", "B2"),
    atMs: fc.integer({ min: 0, max: 3_000 }),
    devices: fc.array(
      fc.record({ deviceId: fc.constantFrom("a", "b", "c", "d", "e"), laterMs: fc.integer({ min: 0, max: 150 }) }),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ group, atMs, devices }) =>
    devices.map(({ deviceId, laterMs }): Begin => ({ group, deviceId, beganMs: atMs + laterMs, cause: "gave-up" })),
  );
const bursts = fc.array(burst, { minLength: 5, maxLength: 40, size: "max" }).map((all) => all.flat());

/** As they are read: of those since `fromMs` the ones with others near, by group and time. */
function readSince(all: readonly Begin[], fromMs: number): Begin[] {
  const since = all.filter(({ beganMs }) => beganMs >= fromMs);
  return since
    .filter(
      ({ group, beganMs }) =>
        since.filter((other) => other.group === group && Math.abs(other.beganMs - beganMs) <= WINDOW_MS).length >=
        MIN_DEVICES,
    )
    .sort((a, b) => (a.group === b.group ? a.beganMs - b.beganMs : a.group < b.group ? -1 : 1));
}

describe("incidents", () => {
  it("are windows of one group in which several devices began to be away", () => {
    const at = (beganMs: number, deviceId: string, group = "A1"): Begin => ({
      ...{ group, deviceId, beganMs, cause: "gave-up" },
    });
    const found = incidents(
      [at(0, "a"), at(50, "b"), at(100, "c"), at(101, "d"), at(150, "d"), at(400, "a"), at(410, "b", "B2")],
      WINDOW_MS,
      MIN_DEVICES,
    );
    expect(found).toEqual([
      { group: "A1", beganMs: 0, lastBeganMs: 100, deviceIds: ["a", "b", "c"], cause: "gave-up" },
    ]);
  });

  it("are the same from some moment on, however late what is known of them begins", () => {
    let certain = 0;
    fc.assert(
      fc.property(bursts, fc.integer({ min: 0, max: 2_000 }), (all, fromMs) => {
        const known = readSince(all, fromMs);
        const certainMs = certainAfter(known, fromMs, WINDOW_MS);
        const after = (begins: readonly Begin[]) =>
          incidents(begins, WINDOW_MS, MIN_DEVICES).filter(({ beganMs }) => beganMs > certainMs);
        expect(after(known)).toEqual(after(readSince(all, 0)));
        certain += after(known).length;
      }),
      { numRuns: 500 },
    );
    expect(certain).toBeGreaterThan(500);
  });
});
