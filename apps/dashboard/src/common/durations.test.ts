import { en } from "../texts/en";
import { inDuration, secondsSince } from "./durations";

describe("durations", () => {
  it.each([
    [0, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [3_599, "59 min"],
    [3_600, "1 h"],
    [3_660, "1 h 1 min"],
    [172_799, "47 h 59 min"],
    [172_800, "2 d"],
    [259_199, "2 d 23 h"],
  ])("writes %d seconds as %s", (seconds, expected) => {
    expect(inDuration(seconds, en)).toBe(expected);
  });

  it("never counts below zero, whatever the clocks say", () => {
    expect(secondsSince("2026-01-01T00:00:10.000Z", Date.parse("2026-01-01T00:00:00.000Z"))).toBe(0);
  });
});
