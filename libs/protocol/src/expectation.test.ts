import { expectation, PatternError } from "./expectation";

describe("what a step expects", () => {
  it.each<[expected: string, line: string, holds: boolean]>([
    ["+CSQ:", "+CSQ:20,99", true],
    ["+CSQ:", "+csq:20,99", false],
    [".*", "+CSQ:20,99", false],
    ["/", "a/b", true],
    ["//", "a//b", true],
    ["/a", "/a/b", true],
    ["/^\\+CSQ:(1[5-9]|2\\d|3[01]),/", "+CSQ:20,99", true],
    ["/^\\+CSQ:(1[5-9]|2\\d|3[01]),/", "+CSQ:12,99", false],
    ["/connected/i", "Connected", true],
    ["/connected/", "Connected", false],
    ["/\\/dev\\/tty/", "/dev/ttyS0", true],
  ])("%s in %s: %s", (expected, line, holds) => {
    expect(expectation(expected)(line)).toBe(holds);
  });

  it.each(["/(/", "/(?=a)/", "/(a)\\1/", "/a{1001}/", "/[z-a]/"])("%s is no pattern", (pattern) => {
    expect(() => expectation(pattern)).toThrow(PatternError);
  });

  it("is found in time where a backtracking matcher would never end", () => {
    const began = performance.now();
    expect(expectation("/^(a+)+$/")(`${"a".repeat(50_000)}b`)).toBe(false);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
