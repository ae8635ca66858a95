import { eventually } from "@mn316-fleet/testkit";
import { randomUUID } from "node:crypto";
import type { Signals } from "./signals";

/** A store of signals under test. */
export interface SignalsUnderTest {
  /** Another node on the same store. */
  open(): Promise<Signals & { close(): Promise<void> | void }>;
  /** Ends every connection of the nodes at the store's side. */
  cutConnections(): Promise<void>;
}

/** What the server relies on, whatever carries the signals; says at its end over what and how many cases it ran. */
export function signalsContract(store: string, underTest: () => SignalsUnderTest): void {
  let cases = 0;
  const nodes: Awaited<ReturnType<SignalsUnderTest["open"]>>[] = [];
  const node = async () => {
    const opened = await underTest().open();
    nodes.push(opened);
    return opened;
  };
  const listen = async (signals: Signals, channel: string) => {
    const heard: unknown[] = [];
    const end = await signals.subscribe(channel, (payload) => heard.push(payload));
    return { heard, end };
  };
  const toBe = (heard: unknown[], expected: unknown[]) =>
    eventually(() => {
      expect(heard).toEqual(expected);
    });

  beforeEach(() => {
    cases++;
  });
  afterEach(async () => {
    for (const opened of nodes.splice(0)) await opened.close();
  });
  afterAll(() => {
    process.stderr.write(`signals.contract over ${store}: ${cases} cases\n`);
  });

  it("reaches every node, the sender included, with any JSON", async () => {
    const [one, other] = [await node(), await node()];
    const channel = randomUUID();
    const [here, there] = [await listen(one, channel), await listen(other, channel)];
    const payloads = [{ text: "ü 漢 \u{1f600} '\"\\ \u0000 \n" }, [1, 2.5], null, "text", true];
    for (const payload of payloads) await one.publish(channel, payload);
    await toBe(there.heard, payloads);
    await toBe(here.heard, payloads);
  });

  it("keeps channels apart, and serves several listeners of one", async () => {
    const signals = await node();
    const [channel, otherChannel] = [randomUUID(), randomUUID()];
    const first = await listen(signals, channel);
    const second = await listen(signals, channel);
    const elsewhere = await listen(signals, otherChannel);
    await signals.publish(channel, 1);
    await signals.publish(otherChannel, 2);
    await toBe(elsewhere.heard, [2]);
    await toBe(first.heard, [1]);
    await toBe(second.heard, [1]);
  });

  it("ends one subscription and leaves the others", async () => {
    const signals = await node();
    const channel = randomUUID();
    const [first, second] = [await listen(signals, channel), await listen(signals, channel)];
    await first.end();
    await signals.publish(channel, 1);
    await toBe(second.heard, [1]);
    expect(first.heard).toEqual([]);
    await second.end();
    const again = await listen(signals, channel);
    await signals.publish(channel, 2);
    await toBe(again.heard, [2]);
    expect(second.heard).toEqual([1]);
  });

  it("keeps the order of a sender that waits", async () => {
    const [sender, receiver] = [await node(), await node()];
    const channel = randomUUID();
    const { heard } = await listen(receiver, channel);
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    for (const number of numbers) await sender.publish(channel, number);
    await toBe(heard, numbers);
  });

  it("carries what is as large as a frame, whole and unmixed", async () => {
    const [one, other, receiver] = [await node(), await node(), await node()];
    const channel = randomUUID();
    const { heard } = await listen(receiver, channel);
    const large = (letter: string) => ({ letter, text: letter.repeat(260_000) });
    await Promise.all([
      one.publish(channel, large("a")),
      other.publish(channel, large("漢")),
      one.publish(channel, { letter: "small" }),
    ]);
    await eventually(() => {
      expect(heard).toHaveLength(3);
    });
    expect(heard).toEqual(expect.arrayContaining([large("a"), large("漢"), { letter: "small" }]));
  });

  it("hears again after its connections were cut, and sending does not fail meanwhile", async () => {
    const [sender, receiver] = [await node(), await node()];
    const channel = randomUUID();
    const { heard } = await listen(receiver, channel);
    await underTest().cutConnections();
    await sender.publish(channel, "lost, perhaps");
    await eventually(async () => {
      await sender.publish(channel, "found");
      expect(heard).toContain("found");
    });
  });
}
