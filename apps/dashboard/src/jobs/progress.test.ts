import { progressOf } from "./progress";

describe("progressOf", () => {
  it("sums up what ended, what is under way and what waits", () => {
    const counts = {
      ...{
        queued: 5,
        sent: 1,
        running: 2,
        succeeded: 10,
        failed: 1,
        timedOut: 2,
        rejected: 3,
        canceled: 4,
        expired: 6,
      },
    };
    expect(progressOf(counts)).toEqual({
      total: 34,
      ended: 26,
      parts: [
        { name: "succeeded", count: 10 },
        { name: "failed", count: 6 },
        { name: "other", count: 10 },
        { name: "underWay", count: 3 },
        { name: "waiting", count: 5 },
      ],
    });
  });
});
