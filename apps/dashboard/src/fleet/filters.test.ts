import { isNarrowed, readFilters } from "./filters";

describe("filters", () => {
  it("are read from an address, without what makes no sense", () => {
    expect(readFilters({ q: "pump 7", state: "connected", online: "false", tag: "site:north" })).toEqual({
      ...{ q: "pump 7", state: "connected", online: "false", tag: "site:north" },
    });
    expect(readFilters({ q: 7, state: "asleep", online: "perhaps", tag: "no spaces", other: "x" })).toEqual({});
    expect(readFilters({ q: "x".repeat(200) }).q).toHaveLength(128);
  });

  it("narrow the list only where there are any", () => {
    expect(isNarrowed({})).toBe(false);
    expect(isNarrowed({ tag: "north" })).toBe(true);
  });
});
