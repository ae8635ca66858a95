import fc from "fast-check";
import { type DeadStretch, type LinkStory, noticesLosses, noticingS, replay, summarise, type TimerSettings } from ".";

const REST = { reconnectAfterS: 10, reopenAfterS: 60, backoff: 2 };
const HOUR_MS = 3_600_000;

const dead = (fromS: number, toS: number, wasOutlived = false): DeadStretch => ({
  kind: "dead",
  fromMs: fromS * 1_000,
  toMs: toS * 1_000,
  wasOutlived,
});
const story = (troubles: LinkStory["troubles"], heardS: number[] = [], toMs = HOUR_MS): LinkStory => ({
  fromMs: 0,
  toMs,
  troubles,
  heardMs: heardS.map((s) => s * 1_000),
});
const settings = (keepAliveS: number, ackTimeoutS: number, rest: Partial<TimerSettings> = {}): TimerSettings => ({
  keepAliveS,
  ackTimeoutS,
  ...REST,
  ...rest,
});
const noticedS = (one: LinkStory, with_: TimerSettings) => replay(one, with_).notices.map(({ atMs }) => atMs / 1_000);

describe("the timer model", () => {
  it("pings once a keepAlive while nothing else is heard", () => {
    expect(replay(story([]), settings(60, 10))).toEqual({ pings: 59, pingTimeouts: 0, notices: [], unnoticed: [] });
    // What is heard at 30, 80 and 130 s puts the next ping off to 190 s.
    expect(replay(story([], [30, 80, 130], 200_000), settings(60, 10)).pings).toBe(1);
  });

  it("gives a connection up with the third ping that is not answered (§3.4)", () => {
    const one = story([dead(100, 1_000)]);
    expect(noticedS(one, settings(60, 10))).toEqual([250]); // pings at 120, 180 and 240 s
    expect(replay(one, settings(60, 10))).toMatchObject({ pingTimeouts: 3 });
    expect(noticedS(one, settings(60, 60))).toEqual([300]); // §3.1's own sample
  });

  it("never notices where keepAlive is below the acknowledgement timeout (§2.1)", () => {
    const { notices, pingTimeouts, unnoticed } = replay(story([dead(100, 3_000)]), settings(10, 11));
    expect([notices, pingTimeouts, unnoticed.length]).toEqual([[], 0, 1]);
    expect(noticingS(settings(10, 11))).toBeUndefined();
  });

  it("bears what is over before the third loss, and counts losses from the start after it", () => {
    // Overdue at 130 and 190 s; the ping of 240 s is answered at 249, that of 360 s at 370: just in time.
    expect(replay(story([dead(100, 249), dead(310, 370)]), settings(60, 10))).toMatchObject({
      notices: [],
      pingTimeouts: 2,
    });
    // Overdue at 130 and 190 s, answered at 195; then at 250 s: no three in a row.
    expect(replay(story([dead(100, 195), dead(230, 251)]), settings(60, 10))).toMatchObject({
      notices: [],
      pingTimeouts: 3,
    });
  });

  it("is connected again by an attempt that is under way when the link is back", () => {
    const back = (toS: number) => replay(story([dead(100, toS)]), settings(60, 10)).notices[0];
    // Given up at 250 s; attempts from 260, 280 and 300 s hold out for 10 s each.
    expect(back(255)).toMatchObject({ connectedMs: 260_000, attempts: 1, gaveUp: 0 });
    expect(back(285)).toMatchObject({ connectedMs: 285_000, attempts: 2, gaveUp: 0 });
    expect(back(295)).toMatchObject({ connectedMs: 300_000, attempts: 3, gaveUp: 0 });
    // It gave up at 310 s; its host opens at 370 s.
    expect(back(330)).toMatchObject({ connectedMs: 370_000, attempts: 4, gaveUp: 1 });
    expect(back(3_599)?.gaveUp).toBeGreaterThan(1);
    expect(replay(story([dead(100, 9_000)], [], 600_000), settings(60, 10)).notices[0]?.connectedMs).toBeUndefined();
  });

  it("tells losses from false alarms", () => {
    const one = story([dead(100, 300, true), dead(1_000, 1_500)]);
    const [calm, nervous] = [settings(120, 10), settings(20, 10)].map((each) => summarise(replay(one, each), HOUR_MS));
    expect(calm).toMatchObject({ lossesNoticed: 1, falseAlarms: 0 });
    expect(nervous).toMatchObject({ lossesNoticed: 1, falseAlarms: 1 });
    expect(nervous!.meanNoticingS!).toBeLessThan(calm!.meanNoticingS!);
    expect(nervous!.pings).toBeGreaterThan(calm!.pings);
  });

  it("sends no pings while the module is away for another reason", () => {
    const away = { kind: "away", fromMs: 600_000, toMs: 1_200_000 } as const;
    expect(replay(story([away], [], 1_800_000), settings(60, 10)).pings).toBe(9 + 9);
  });

  const seconds = fc.integer({ min: 1, max: 600 });
  const troubles = fc.array(fc.tuple(seconds, seconds, fc.constantFrom("lost", "outlived", "away")), { maxLength: 8 });
  const anyStory = fc
    .record({ troubles, heard: fc.array(fc.integer({ min: 0, max: 6_000 }), { maxLength: 20 }) })
    .map(({ troubles: parts, heard }) => {
      let at = 0;
      const made = parts.map(([pause, length, kind]): LinkStory["troubles"][number] => {
        const fromMs = (at + pause) * 1_000;
        at += pause + length;
        return kind === "away"
          ? { kind, fromMs, toMs: at * 1_000 }
          : { kind: "dead", fromMs, toMs: at * 1_000, wasOutlived: kind === "outlived" };
      });
      const isQuiet = (ms: number) => made.every(({ fromMs, toMs }) => ms < fromMs || ms >= toMs);
      const end = at + 600;
      return story(
        made,
        heard.filter((s) => s < end && isQuiet(s * 1_000)).sort((a, b) => a - b),
        end * 1_000,
      );
    });
  const anySettings = fc
    .record({ keepAliveS: fc.integer({ min: 1, max: 300 }), ackTimeoutS: fc.integer({ min: 1, max: 300 }) })
    .map(({ keepAliveS, ackTimeoutS }) => settings(keepAliveS, ackTimeoutS));

  it("notices within the bounds that the settings promise, and never what is shorter", () => {
    fc.assert(
      fc.property(anyStory, anySettings, (one, with_) => {
        const bounds = noticingS(with_);
        const { notices } = replay(one, with_);
        if (!bounds) expect(notices).toEqual([]);
        for (const { trouble, atMs } of notices) {
          expect(atMs - trouble.fromMs).toBeGreaterThanOrEqual(bounds!.least * 1_000);
          expect(atMs).toBeLessThan(trouble.toMs);
          // A connection that began within the dead stretch, or ended in it, has seen less of it.
          expect(atMs - trouble.fromMs).toBeLessThanOrEqual(bounds!.most * 1_000);
        }
      }),
    );
  });

  it("accounts for every dead stretch that it lived through, in order, with three losses for each it gave up", () => {
    fc.assert(
      fc.property(anyStory, anySettings, (one, with_) => {
        const { notices, unnoticed, pings, pingTimeouts } = replay(one, with_);
        const seen = [...notices.map(({ trouble }) => trouble), ...unnoticed];
        expect(new Set(seen).size).toBe(seen.length);
        expect(pingTimeouts).toBeGreaterThanOrEqual(3 * notices.length);
        expect(pingTimeouts).toBeLessThanOrEqual(3 * notices.length + 2 * unnoticed.length);
        expect(pings).toBeGreaterThanOrEqual(pingTimeouts);
        expect(pings).toBeLessThanOrEqual(Math.ceil(one.toMs / 1_000 / with_.keepAliveS));
        for (const [index, { connectedMs, atMs }] of notices.entries()) {
          if (connectedMs !== undefined) expect(connectedMs).toBeGreaterThan(atMs);
          expect(notices[index + 1]?.atMs ?? Infinity).toBeGreaterThan(connectedMs ?? atMs);
        }
        expect(noticesLosses(with_) || notices.length === 0).toBe(true);
      }),
    );
  });
});
