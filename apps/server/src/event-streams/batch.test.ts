import { compose, MAX_EVENTS, type Portion, unexplained, wantedOf } from "./batch";
import type { Pending } from "./delivery.store";

const outbox = (deviceId: string, seq: number, acked: number, isStart = false): Pending => ({
  ...{ deviceId, epoch: "1", seq, acked, isStart },
});
const row = (seq: number, line = "x") => ({
  ...{ epoch: "1", seq: String(seq), kind: "urc", fields: { line } },
  ...{ at: new Date(seq), receivedAt: new Date(1_000 + seq) },
});
const portion = (pending: Pending, numbers: number[], quota = pending.acked - pending.seq): Portion => ({
  ...{ ...pending, quota, rows: numbers.map((seq) => row(seq)) },
});
const sent = (events: readonly string[]) => events.map((text) => (JSON.parse(text) as { seq: number }).seq);

describe("a batch", () => {
  it("asks of outboxes what it can hold, of the last one perhaps a part", () => {
    const queue = [outbox("a", 0, 400), outbox("b", 5, 405), outbox("c", 0, 5_000), outbox("d", 0, 1)];
    expect(wantedOf(queue).map(({ deviceId, quota }) => [deviceId, quota])).toEqual([
      ["a", 400],
      ["b", 400],
      ["c", MAX_EVENTS - 800],
    ]);
  });

  it("ends before it grows too large, but holds one event however large that is", () => {
    const portions = [portion(outbox("a", 0, 3), [1, 2, 3]), portion(outbox("b", 0, 2), [1, 2])];
    const one = compose(portions, null, 1);
    expect([sent(one.events), one.moves]).toEqual([[1], [{ deviceId: "a", epoch: "1", seq: 1, isStart: false }]]);
    const { length } = one.events[0] ?? "";
    const four = compose(portions, null, 4 * length);
    expect(sent(four.events)).toEqual([1, 2, 3, 1]);
    expect(four.moves.map(({ deviceId, seq }) => [deviceId, seq])).toEqual([
      ["a", 3],
      ["b", 1],
    ]);
    const three = compose(portions, null, 3 * length);
    expect(three.moves.map(({ deviceId, seq }) => [deviceId, seq])).toEqual([["a", 3]]);
    expect(three.newest).toEqual(new Date(1_003));
  });

  it("moves over what is not asked for, and tells what is not there", () => {
    const batch = compose([portion(outbox("a", 2, 9), [4, 7])], ["state"]);
    expect(batch.events).toEqual([]);
    expect(batch.moves).toEqual([{ deviceId: "a", epoch: "1", seq: 9, isStart: false }]);
    expect(batch.missing.map(({ from, to }) => [from, to])).toEqual([
      [3, 3],
      [5, 6],
      [8, 9],
    ]);
  });

  it("misses nothing before its stream's beginning, nor behind what it asked for", () => {
    const begun = compose([portion(outbox("a", 0, 90, true), [50, 51], 2)], null);
    expect([begun.missing, begun.moves[0]]).toEqual([[], { deviceId: "a", epoch: "1", seq: 51, isStart: false }]);
    const empty = compose([portion(outbox("a", 0, 90, true), [])], null);
    expect([empty.missing, empty.moves[0]]).toEqual([[], { deviceId: "a", epoch: "1", seq: 90, isStart: true }]);
  });

  it.each<[dropped: [number, number][], left: [number, number][]]>([
    [[], [[5, 9]]],
    [[[1, 20]], []],
    [[[5, 6]], [[7, 9]]],
    [[[8, 12]], [[5, 7]]],
    [
      [[6, 7]],
      [
        [5, 5],
        [8, 9],
      ],
    ],
    [
      [
        [6, 6],
        [8, 8],
      ],
      [
        [5, 5],
        [7, 7],
        [9, 9],
      ],
    ],
    [
      [
        [1, 4],
        [10, 12],
      ],
      [[5, 9]],
    ],
  ])("leaves of a gap of 5 to 9 what the agent did not explain by %j", (dropped, left) => {
    const gap = { deviceId: "a", epoch: 1, from: 5, to: 9 };
    const ranges = dropped.map(([from, to]) => ({ from, to }));
    expect(unexplained(gap, ranges).map(({ from, to }) => [from, to])).toEqual(left);
  });
});
