import { closer, moved, placeOf } from "./time-range";

const range = { fromMs: 1_000_000, toMs: 1_400_000 };

describe("a range of time", () => {
  it("places moments, and those outside at its edges", () => {
    expect(placeOf(new Date(1_100_000).toISOString(), range)).toBe(0.25);
    expect(placeOf(new Date(0).toISOString(), range)).toBe(0);
    expect(placeOf(null, range)).toBe(1);
  });

  it("is looked at closer down to a minute", () => {
    expect(closer(range)).toEqual({ fromMs: 1_100_000, toMs: 1_300_000 });
    const short = { fromMs: 0, toMs: 100_000 };
    expect(closer(short)).toEqual(short);
  });

  it("moves by half of itself, and not beyond the present", () => {
    expect(moved(range, -1, 1_500_000)).toEqual({ fromMs: 800_000, toMs: 1_200_000 });
    expect(moved(range, 1, 1_450_000)).toEqual({ fromMs: 1_050_000, toMs: 1_450_000 });
  });
});
