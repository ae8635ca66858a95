import { parseFrame } from "./parse-frame";

const frameOf = (fields: object) => JSON.stringify(fields);
const ping = { seq: 1, at: 1, kind: "ping" };
const many = (count: number, item: unknown) => Array.from({ length: count }, () => item);
const messageFor = (text: string) => {
  const read = parseFrame(text);
  return "message" in read ? read.message : undefined;
};

describe("parseFrame", () => {
  it("names the first event that is wrong, with its field", () => {
    const events = [ping, { ...ping, kind: "timeout", type: 9 }, {}];
    expect(messageFor(frameOf({ type: "events", epoch: 1, events }))).toMatch(/^events\.1\.type: /);
    expect(messageFor(frameOf({ type: "events", epoch: 0, events }))).toMatch(/^epoch: /);
    expect(messageFor(frameOf({ type: "events", epoch: 1, events: [ping, 7] }))).toMatch(/^events\.1: /);
    expect(messageFor(frameOf({ type: "events", epoch: 1, events: [{ at: 1, kind: "of later" }] }))).toMatch(
      /^events\.0\.seq: /,
    );
  });

  it.each([
    [
      "events.0.output",
      { type: "events", epoch: 1, events: [{ ...ping, kind: "execution", output: many(10_001, 1) }] },
    ],
    ["output", { type: "execution", output: many(10_001, 1) }],
    ["config.subscriptions", { type: "reported", config: { subscriptions: many(1_001, {}) } }],
    ["config.trust", { type: "reported", config: { trust: Object.fromEntries(many(1_001, 0).map((_, n) => [n, 0])) } }],
  ])("does not look into a list at %s that is too long", (path, frame) => {
    expect(messageFor(frameOf(frame))).toMatch(new RegExp(`^${path}: must not hold more than \\d+ items$`));
  });

  it("keeps an event of a kind that it does not know, whatever it lists", () => {
    const later = { seq: 2, at: 1, kind: "of later", list: many(20_000, 1) };
    expect(parseFrame(frameOf({ type: "events", epoch: 1, events: [ping, later] }))).toMatchObject({
      events: [ping, { seq: 2, kind: "unread", of: "of later" }],
    });
  });
});
