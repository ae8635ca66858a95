import type { DeviceConfig } from "@mn316-fleet/protocol";
import { recoveryStep } from "./ladder";

const policy: DeviceConfig["recovery"] = { reopenAfterS: 10, backoff: 2, maxReopens: 3, thenRestart: true };
const steps = (count: number, changes: Partial<DeviceConfig["recovery"]> = {}, random = 0.5) =>
  Array.from({ length: count }, (_, taken) => recoveryStep({ ...policy, ...changes }, taken, random));

describe("the recovery ladder", () => {
  it("re-opens with growing waits, configures anew, restarts the module, opens the port anew, and begins again", () => {
    expect(steps(7).map(({ action, waitMs }) => [action, waitMs / 1_000])).toEqual([
      ["reopen", 10],
      ["reopen", 20],
      ["reopen", 40],
      ["configure", 80],
      ["restart", 80],
      ["reopen-port", 80],
      ["reopen", 80],
    ]);
  });

  it("restarts no module where the policy does not say so", () => {
    expect(steps(8, { maxReopens: 1, thenRestart: false }).map(({ action }) => action)).toEqual([
      ...["reopen", "configure", "reopen-port"],
      ...["reopen", "configure", "reopen-port"],
      ...["reopen", "configure"],
    ]);
  });

  it("leaves the serial port open where the policy says so", () => {
    const actions = steps(6, { maxReopens: 1, thenReopenPort: false }).map(({ action }) => action);
    expect(actions).toEqual(["reopen", "configure", "restart", "reopen", "configure", "restart"]);
    const least = steps(3, { maxReopens: 0, thenRestart: false, thenReopenPort: false });
    expect(least.map(({ action }) => action)).toEqual(["configure", "configure", "configure"]);
  });

  it("is never a tight loop, nor asleep for more than an hour and a fifth, whatever the policy says", () => {
    for (const reopenAfterS of [0, 1, 1e6])
      for (const random of [0, 1])
        for (const { waitMs } of steps(50, { reopenAfterS, maxReopens: 0, backoff: 10 }, random)) {
          expect(waitMs).toBeGreaterThanOrEqual(1_000);
          expect(waitMs).toBeLessThanOrEqual(3_600_000 * 1.2);
        }
  });

  it("spreads a fleet by a fifth to either side", () => {
    expect(steps(1, {}, 0)[0]?.waitMs).toBe(8_000);
    expect(steps(1, {}, 1)[0]?.waitMs).toBe(12_000);
  });
});
