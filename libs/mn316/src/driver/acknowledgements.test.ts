import { ManualClock } from "@mn316-fleet/testkit";
import { Acknowledgements } from "./acknowledgements";

describe("Acknowledgements", () => {
  let clock: ManualClock;
  let acks: Acknowledgements;
  let told: string[];

  beforeEach(() => {
    clock = new ManualClock();
    acks = new Acknowledgements(clock, () => undefined);
    told = [];
  });

  const publish = (name: string, signal?: AbortSignal) => {
    const acknowledgement = acks.expect("publish", name, 1, 1_000);
    acknowledgement.within(signal).then(
      () => told.push(name),
      (error: unknown) => told.push(`${name}: ${(error as Error).message}`),
    );
    return acknowledgement;
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  /** The first acknowledgement tells where the ids begin. */
  async function known(firstId: number): Promise<void> {
    publish("first").accepted();
    acks.published(1, firstId);
    await settled();
    told.length = 0;
  }

  it("match by packet id, whatever their order", async () => {
    await known(7);
    for (const name of ["a", "b", "c"]) publish(name).accepted();
    for (const packId of [9, 8, 10]) acks.published(1, packId);
    await settled();
    expect(told).toEqual(["b", "a", "c"]);
  });

  it("give the acknowledgement of an aborted publish to nobody else", async () => {
    await known(7);
    const aborted = publish("aborted");
    aborted.forget(); // aborted while it was on the line
    aborted.accepted();
    publish("next").accepted();
    acks.published(1, 8);
    await settled();
    expect(told).toEqual([]);
    acks.published(1, 9);
    await settled();
    expect(told).toEqual(["next"]);
  });

  it("end with the signal's reason, also while the broker is waited for", async () => {
    const abort = new AbortController();
    publish("a", abort.signal).accepted();
    abort.abort(new Error("no longer wanted"));
    await settled();
    expect(told).toEqual(["a: no longer wanted"]);
    expect(acks.isEmpty).toBe(true);
  });

  it("give one that comes ahead of its OK to that command, not to an older publish", async () => {
    await known(7);
    publish("older").accepted();
    const ahead = publish("ahead");
    acks.published(1, 9);
    ahead.accepted();
    await settled();
    expect(told).toEqual(["ahead"]);
    acks.published(1, 8);
    await settled();
    expect(told).toEqual(["ahead", "older"]);
  });

  it("never end a publish that is still queued because an older one was late", async () => {
    publish("queued");
    acks.timedOut("publish");
    await settled();
    expect(told).toEqual([]);
  });

  it("give up the one that was taken first", async () => {
    const [first, second] = [publish("asked first"), publish("taken first")];
    second.accepted();
    first.accepted();
    acks.timedOut("publish");
    await settled();
    expect(told).toEqual([expect.stringMatching(/^taken first: .*late/)]);
  });

  it("end by themselves where the module says nothing at all", async () => {
    publish("a").accepted();
    clock.advance(1_000);
    await settled();
    expect(told).toEqual([expect.stringContaining("no acknowledgement in time")]);
  });
});
