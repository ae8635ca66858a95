import { ManualClock } from "@mn316-fleet/testkit";
import { RestartWatch } from "./restart-watch";

describe("RestartWatch", () => {
  /** Signs with the seconds at which they are seen; gives the seconds of those that tell a new restart. */
  function news(signs: readonly [atS: number, sign: string][]): number[] {
    const clock = new ManualClock();
    const began = clock.now();
    const watch = new RestartWatch(clock);
    return signs.flatMap(([atS, sign]) => {
      clock.advance(began + atS * 1_000 - clock.now());
      return watch.isNew(sign) ? [atS] : [];
    });
  }

  it.each<[string, [number, string][], number[]]>([
    [
      "one restart by its several lines",
      [
        [0, "REBOOTING"],
        [3, "+POWERON:0"],
        [12, "*ATREADY: 1"],
      ],
      [0],
    ],
    [
      "one by a state and the banner that follows",
      [
        [0, "+MQTTSTAT:0"],
        [1, "+POWERON:0"],
      ],
      [0],
    ],
    [
      "each of a brown-out's",
      [
        [0, "REBOOTING"],
        [3, "+POWERON:0"],
        [20, "REBOOTING"],
        [23, "+POWERON:0"],
      ],
      [0, 20],
    ],
    [
      "each of a module without a first line",
      [
        [0, "+POWERON:0"],
        [8, "+POWERON:0"],
        [16, "+POWERON:0"],
      ],
      [0, 8, 16],
    ],
    [
      "one long after another",
      [
        [0, "REBOOTING"],
        [3_600, "+POWERON:0"],
      ],
      [0, 3_600],
    ],
    [
      "no restart twice for a line that is repeated at once",
      [
        [0, "REBOOTING"],
        [1, "REBOOTING"],
      ],
      [0],
    ],
  ])("tells %s", (_name, signs, expected) => {
    expect(news(signs)).toEqual(expected);
  });
});
