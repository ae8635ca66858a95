import { TokenBuckets } from "./token-buckets";

describe("token buckets", () => {
  let now = 0;
  const make = (burst: number, perS: number) => {
    now = 1_000;
    return new TokenBuckets({ burst, perS }, () => now);
  };

  it("let a burst through, then as many as come back, for each key by itself", () => {
    const buckets = make(3, 2);
    expect(Array.from({ length: 5 }, () => buckets.take("a"))).toEqual([0, 0, 0, 1, 1]);
    expect(buckets.take("b")).toBe(0);
    now += 500;
    expect([buckets.take("a"), buckets.take("a")]).toEqual([0, 1]);
    now += 60_000;
    expect(Array.from({ length: 4 }, () => buckets.take("a"))).toEqual([0, 0, 0, 1]);
  });

  it("say how long to wait where tokens come slowly, and take none for being asked", () => {
    const buckets = make(1, 0.1);
    expect([buckets.waitS("a"), buckets.waitS("a"), buckets.take("a"), buckets.waitS("a")]).toEqual([0, 0, 0, 10]);
    now += 9_000;
    expect(buckets.waitS("a")).toBe(1);
  });

  it("owe what was charged beyond them, which has to come back first, but never more than a burst", () => {
    const buckets = make(2, 2);
    expect(Array.from({ length: 6 }, () => buckets.charge("a"))).toEqual([0, 0, 1, 2, 2, 2]);
    now += 1_400;
    expect(buckets.waitS("a")).toBe(1);
    now += 200;
    expect(buckets.charge("a")).toBe(0);
  });

  it("forget the longest known where somebody is many", () => {
    const buckets = make(1, 0.001);
    buckets.take("first");
    for (let n = 0; n < 9_998; n++) buckets.take(`n${n}`);
    buckets.take("kept");
    expect([buckets.waitS("kept") > 0, buckets.waitS("first") > 0]).toEqual([true, true]);
    for (let n = 0; n < 9_999; n++) buckets.take(`m${n}`);
    expect([buckets.waitS("first") > 0, buckets.waitS("kept") > 0]).toEqual([true, false]);
  });
});
