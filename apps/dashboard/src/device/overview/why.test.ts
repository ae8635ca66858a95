import type { StoredEvent } from "@mn316-fleet/contracts";
import { storyOf } from "./why";

const START = Date.UTC(2026, 10, 1);
let seq = 0;
function event(minute: number, kind: string, fields: object = {}): StoredEvent {
  const at = new Date(START + minute * 60_000).toISOString();
  return { epoch: 1, seq: ++seq, at, receivedAt: at, kind, ...fields };
}
const device = (state: "connected" | "disconnected", online = true) => ({
  link: { online, since: new Date(START).toISOString() },
  module: { state, since: null, cause: null, signalDbm: null },
});
/** As the API lists them. */
const newestFirst = (...events: StoredEvent[]) => events.toReversed();

const lostHeartBeats = () => [
  event(0, "state", { from: "tcp-connecting", to: "connected", cause: "requested" }),
  event(10, "timeout", { type: 5 }),
  event(11, "timeout", { type: 5 }),
  event(12, "timeout", { type: 5 }),
  event(12, "state", { from: "connected", to: "reconnecting", cause: "heartbeat-lost" }),
  event(13, "reconnect", { attempt: 0 }),
  event(14, "reconnect", { attempt: 1 }),
  event(15, "reconnect", { attempt: 2 }),
  event(15, "state", { from: "reconnecting", to: "disconnected", cause: "heartbeat-lost" }),
];

describe("storyOf", () => {
  it("tells of lost heart-beats, of giving up, and of what the broker said since", () => {
    const events = newestFirst(
      ...lostHeartBeats(),
      event(17, "recovery", { step: "reopen", reason: "gave up" }),
      event(17, "state", { from: "tcp-connecting", to: "disconnected", cause: "connect-refused" }),
      event(20, "state", { from: "tcp-connecting", to: "disconnected", cause: "connect-refused" }),
    );
    expect(storyOf(device("disconnected"), events)).toEqual({
      kind: "away",
      lostAt: "2026-11-01T00:12:00.000Z",
      facts: [
        { what: "timeout", type: "ping", count: 3 },
        { what: "reconnect", count: 3 },
        { what: "gave-up", count: 1 },
        { what: "recovery", count: 1 },
        { what: "refused", count: 2 },
      ],
    });
  });

  it("tells when the module came back, and nothing of what happened after", () => {
    const events = newestFirst(
      ...lostHeartBeats(),
      event(17, "state", { from: "tcp-connecting", to: "connected", cause: "requested" }),
      event(40, "timeout", { type: 2 }),
    );
    const story = storyOf(device("connected"), events);
    expect(story).toMatchObject({ kind: "recovered", backAt: "2026-11-01T00:17:00.000Z" });
    expect(story.facts.map(({ what }) => what)).toEqual(["timeout", "reconnect", "gave-up"]);
  });

  it("claims nothing where nothing is known", () => {
    expect(storyOf(device("connected"), [])).toEqual({ kind: "steady", facts: [] });
    expect(storyOf(device("disconnected"), []).kind).toBe("never");
    expect(storyOf(device("connected", false), newestFirst(...lostHeartBeats()))).toEqual({
      kind: "agent-away",
      lostAt: "2026-11-01T00:00:00.000Z",
      facts: [],
    });
  });
});
