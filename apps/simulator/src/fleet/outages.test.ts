import { jest } from "@jest/globals";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { sufferOutages } from "./outages";

describe("outages of a fleet", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it("come by chance, last a while, pass, and end with the fleet", () => {
    const module = new VirtualMn316();
    // Half of e^-x waits ln 2 hours at one outage an hour; the draw and the length are the lowest there are.
    const chances = [0.5, 0, 0];
    const end = sufferOutages(module, 1, () => chances.shift() ?? 0.5);
    jest.advanceTimersByTime(Math.log(2) * 3_600_000 - 1);
    expect(module.activeFaults).toEqual([]);
    jest.advanceTimersByTime(2);
    expect(module.activeFaults).toEqual(["network-silent"]);
    jest.advanceTimersByTime(60_000);
    expect(module.activeFaults).toEqual([]);
    end();
    jest.advanceTimersByTime(24 * 3_600_000);
    expect(module.activeFaults).toEqual([]);
    module.destroy();
  });

  it("do not come where none are wanted", () => {
    const module = new VirtualMn316();
    sufferOutages(module, 0, () => 0);
    expect(jest.getTimerCount()).toBe(0);
    module.destroy();
  });
});
