import { auditQuery, readAuditSearch } from "./audit-search";

describe("the filters of the audit", () => {
  it("leave out what makes no sense", () => {
    expect(readAuditSearch({ actor: "", outcome: "gone", from: "yesterday", to: "2026-02-31x", action: 7 })).toEqual(
      {},
    );
    expect(readAuditSearch({ actor: "anna", outcome: "refused", from: "2026-11-27" })).toEqual({
      ...{ actor: "anna", outcome: "refused", from: "2026-11-27" },
    });
  });

  it("take whole days by the browser's clock, the last one included", () => {
    const { from, to } = auditQuery({ from: "2026-11-27", to: "2026-11-27" });
    expect(from).toBe(new Date(2026, 10, 27).toISOString());
    expect(to).toBe(new Date(2026, 10, 28).toISOString());
  });
});
