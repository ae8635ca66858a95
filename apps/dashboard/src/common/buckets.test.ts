import { bucketStarts } from "./buckets";

describe("the buckets of a range", () => {
  it("begin with the hour that the range begins in, and end before its end", () => {
    const starts = bucketStarts({ from: "2026-11-27T09:30:00.000Z", to: "2026-11-27T12:00:00.000Z" }, "hour");
    expect(starts).toHaveLength(3);
    expect(starts.map((at) => new Date(at).getMinutes())).toEqual([0, 0, 0]);
  });

  it("are local days, each beginning at midnight", () => {
    const starts = bucketStarts({ from: "2026-03-01T12:00:00.000Z", to: "2026-04-30T12:00:00.000Z" }, "day");
    expect(starts.map((at) => new Date(at).getHours()).every((hour) => hour === 0)).toBe(true);
    expect(new Set(starts).size).toBe(61);
  });
});
