import type { FleetEvent } from "@mn316-fleet/protocol";
import { handedIn } from "../test-support/history/handed-in";
import type { EventBatch } from "./event-batch";
import { WaitingBatches } from "./waiting-batches";

let batches = 0;

function batch(deviceId: string, size: number, isBacklog = false): EventBatch {
  const events = Array.from({ length: size }, (): FleetEvent => ({ seq: ++batches, at: 0, kind: "ping" }));
  return { ...handedIn(deviceId, events), receivedAt: new Date(0), isBacklog };
}

const waitingWith = (...pushed: EventBatch[]) => {
  const waiting = new WaitingBatches();
  for (const each of pushed) waiting.push(each);
  return waiting;
};
const idle = () => false;
const names = (taken: EventBatch[]) => taken.map(({ deviceId }) => deviceId);

describe("batches that wait", () => {
  it("go fresh ones first, and backlogs one device after the other", () => {
    const waiting = waitingWith(
      batch("a", 10, true),
      batch("a", 10, true),
      batch("b", 10, true),
      batch("c", 1),
      batch("d", 1),
    );
    expect(names(waiting.take(100, idle))).toEqual(["c", "d", "a", "b", "a"]);
    expect(waiting.isEmpty).toBe(true);
  });

  it("let who was served wait behind the others", () => {
    const waiting = waitingWith(...["a", "a", "a", "b", "c"].map((device) => batch(device, 10, true)));
    expect(names(waiting.take(20, idle))).toEqual(["a", "b"]);
    expect(names(waiting.take(20, idle))).toEqual(["c", "a"]);
    expect(names(waiting.take(20, idle))).toEqual(["a"]);
  });

  it("keep a share for backlogs, however much comes fresh, and for the fresh what backlogs leave", () => {
    const fresh = Array.from({ length: 200 }, (_, index) => batch(`fresh-${index}`, 1));
    const full = waitingWith(...fresh, batch("a", 25, true), batch("b", 25, true));
    expect(names(full.take(100, idle)).filter((name) => !name.startsWith("fresh"))).toEqual(["a"]);
    const light = waitingWith(...fresh, batch("a", 5, true));
    expect(light.take(100, idle)).toHaveLength(96);
  });

  it("keep a device's order, also of fresh events behind its backlog and of what was put back", () => {
    const [old, next, fresh, other] = [batch("a", 5, true), batch("a", 5, true), batch("a", 1), batch("b", 1)];
    const waiting = waitingWith(old, next, fresh, other);
    const taken = waiting.take(6, idle);
    expect(taken).toEqual([other, old]);
    waiting.putBack(taken);
    expect(waiting.take(100, idle)).toEqual([other, old, next, fresh]);
  });

  it("leave devices alone of which something is being written", () => {
    const [a, b] = [batch("a", 1), batch("b", 5, true)];
    const waiting = waitingWith(a, b);
    expect(waiting.take(100, (device) => device === "a")).toEqual([b]);
    expect(waiting.take(100, () => true)).toEqual([]);
    expect(waiting.take(100, idle)).toEqual([a]);
  });
});
