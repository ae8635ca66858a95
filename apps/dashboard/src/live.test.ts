import { staleAfter } from "./live";

const at = "2026-01-01T00:00:00.000Z";

describe("a live event", () => {
  it("makes old what shows its device, its job, or everything", () => {
    const device = { at, deviceId: "d" };
    expect(
      staleAfter({ kind: "device", ...device, link: { online: true }, module: { state: "connected", cause: null } }),
    ).toEqual([["counts"], ["devices"], ["device", "d"], ["intervals", "d"], ["events", "d"]]);
    expect(
      staleAfter({ kind: "config", ...device, desiredVersion: 2, reportedVersion: 1, status: "pending" }),
    ).toContainEqual(["config", "d"]);
    expect(
      staleAfter({ kind: "execution", ...device, id: "e", jobId: "j", status: "SUCCEEDED", attempt: 1 }),
    ).toContainEqual(["executions", "j"]);
    expect(staleAfter({ kind: "job", at, id: "j", status: "COMPLETED" })).toEqual([["executions", "j"], ["jobs"]]);
    expect(staleAfter({ kind: "alert", at, id: "a", ruleId: null, state: "firing", severity: "critical" })).toEqual([
      ["alerts"],
    ]);
    expect(staleAfter({ kind: "reset", at })).toEqual([[]]);
  });
});
