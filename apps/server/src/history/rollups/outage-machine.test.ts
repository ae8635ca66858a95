import type { KnownModuleState } from "@mn316-fleet/manual";
import type { Cause } from "@mn316-fleet/protocol";
import { type EndedOutage, follow, type OutageProgress, type StateChange, type Step } from "./outage-machine";

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 1);
const DAY = 1_440;

type Told = [minute: number, to: KnownModuleState, cause?: Cause];

/** The events of a seamless history that begins in `first`, one a minute and state. */
function changes(first: KnownModuleState, told: Told[], epoch = 1): StateChange[] {
  let [from, since] = [first, 0];
  return told.map(([minute, to, cause = "requested"], index) => {
    const change = {
      epoch,
      seq: index + 1,
      from,
      to,
      since: START + since * MINUTE,
      at: START + minute * MINUTE,
      cause,
    };
    [from, since] = [to, minute];
    return change;
  });
}

/** Follows all of them in one place and under one configuration. */
function followAll(events: StateChange[], surroundings = { cell: "A1", configVersion: 3 }) {
  let progress: OutageProgress | undefined;
  const steps: (Step | undefined)[] = [];
  for (const event of events) {
    const step = follow(progress, event, surroundings);
    progress = step?.progress ?? progress;
    steps.push(step);
  }
  return {
    progress,
    outages: steps.flatMap((step) => step?.ended ?? []).map(inMinutes),
    connects: steps.flatMap((step) => (step?.connectMs === undefined ? [] : [step.connectMs / MINUTE])),
    steps,
  };
}

const inMinutes = ({ seq, began, ended, unknownMs, cause }: EndedOutage) => ({
  seq,
  began: (began - START) / MINUTE,
  ended: (ended - START) / MINUTE,
  unknown: unknownMs / MINUTE,
  cause,
});

describe("outages and attempts to connect", () => {
  it("begin with the loss, keep its reason through all attempts, and end with the next connection", () => {
    const { outages, connects, progress } = followAll(
      changes("initialized", [
        [1, "tcp-connecting"],
        [2, "tcp-connected"],
        [3, "connected"],
        [10, "reconnecting", "heartbeat-lost"],
        [13, "disconnected", "gave-up"],
        [20, "tcp-connecting"],
        [21, "disconnected", "connect-refused"],
        [30, "tcp-connecting"],
        [34, "connected"],
      ]),
    );
    expect(outages).toEqual([{ seq: 9, began: 10, ended: 34, unknown: 0, cause: "heartbeat-lost" }]);
    expect(connects).toEqual([2, 4]);
    expect(progress).toMatchObject({ knownState: "connected", outage: undefined, connectingSince: undefined });
  });

  it("count a requested disconnection, and where the module connected by itself there was no attempt of the agent's", () => {
    const { outages, connects } = followAll(
      changes("connected", [
        [1, "disconnected", "requested"],
        [2, "connected", "unknown"],
        [3, "reconnecting", "publish-timeout"],
        [4, "tcp-connecting"],
        [5, "connected"],
      ]),
    );
    expect(outages.map(({ cause, began, ended }) => [cause, began, ended])).toEqual([
      ["requested", 1, 2],
      ["publish-timeout", 3, 5],
    ]);
    expect(connects).toEqual([]);
  });

  it("do not take the agent's absence for an outage, and count it apart within one", () => {
    const { outages } = followAll(
      changes("connected", [
        [1, "unknown", "agent-stopped"],
        [5, "connected", "unknown"],
        [6, "unknown", "agent-stopped"],
        [8, "disconnected", "unknown"],
        [9, "unknown", "serial-lost"],
        [12, "disconnected", "unknown"],
        [13, "unknown", "agent-stopped"],
        [20, "connected", "unknown"],
      ]),
    );
    expect(outages).toEqual([{ seq: 8, began: 8, ended: 20, unknown: 10, cause: "unknown" }]);
  });

  it("take the first reason that tells something where the loss itself was not seen", () => {
    const { outages } = followAll(
      changes("connected", [
        [1, "unknown", "agent-stopped"],
        [2, "reconnecting", "unknown"],
        [3, "tcp-connecting", "requested"],
        [4, "disconnected", "gave-up"],
        [5, "uninitialized", "module-restart"],
        [6, "connected"],
      ]),
    );
    expect(outages).toMatchObject([{ cause: "gave-up" }]);
  });

  it("forget an attempt that nobody saw the end of", () => {
    const { connects } = followAll(
      changes("disconnected", [
        [1, "tcp-connecting"],
        [2, "unknown", "agent-stopped"],
        [5, "awaiting-connack", "unknown"],
        [8, "connected"],
      ]),
    );
    expect(connects).toEqual([3]);
  });

  it("date what a gap in the events hides to the begin of the state that the next event ends", () => {
    const [first, , second] = changes("initialized", [
      [1, "connected"],
      [2, "disconnected", "heartbeat-lost"],
      [9, "connected"],
    ]);
    const lost = followAll([first!, second!]);
    expect(lost.outages).toEqual([{ seq: 3, began: 2, ended: 9, unknown: 0, cause: "unknown" }]);

    const [down, , again, end] = changes("connected", [
      [1, "disconnected", "gave-up"],
      [4, "connected"],
      [6, "reconnecting", "heartbeat-lost"],
      [7, "connected"],
    ]);
    const found = followAll([down!, again!, end!]);
    expect(found.outages).toEqual([
      { seq: 3, began: 1, ended: 4, unknown: 0, cause: "gave-up" },
      { seq: 4, began: 6, ended: 7, unknown: 0, cause: "heartbeat-lost" },
    ]);
  });

  it("go on over a new epoch, and pass over what an old one brings late", () => {
    const old = changes("connected", [
      [1, "disconnected", "gave-up"],
      [2, "connected"],
    ]);
    const renewed = changes("unknown", [[10, "connected", "unknown"]], 2);
    const { outages, steps } = followAll([old[0]!, ...renewed, old[1]!]);
    expect(outages).toEqual([{ seq: 1, began: 1, ended: 10, unknown: 9, cause: "gave-up" }]);
    expect(steps[2]).toBeUndefined();
  });

  it("are never negative or longer than a clock can be right", () => {
    const events = changes("connected", [
      [1, "disconnected", "gave-up"],
      [2, "tcp-connecting"],
      [-5, "connected"],
      [3, "disconnected", "gave-up"],
      [400 * DAY, "connected"],
    ]);
    const { outages, connects } = followAll(events);
    expect(outages).toMatchObject([
      { began: 1, ended: 1 },
      { began: 34 * DAY, ended: 400 * DAY },
    ]);
    expect(connects).toEqual([0]);
  });

  it("are told with the place and the configuration in which they began", () => {
    const [lost, back] = changes("connected", [
      [1, "disconnected", "gave-up"],
      [2, "connected"],
    ]);
    const first = follow(undefined, lost!, { cell: "A1", configVersion: 3 })!;
    const second = follow(first.progress, back!, { cell: "B2", configVersion: 4 })!;
    expect(second.ended).toMatchObject({ cell: "A1", configVersion: 3, epoch: 1, seq: 2 });
  });
});
