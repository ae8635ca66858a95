import { readFilters, writeFilters } from "./filters";

describe("filters in the address", () => {
  it("come back as they were written", () => {
    const filters = { q: "pump & co", state: "reconnecting", online: "true" } as const;
    expect(readFilters(writeFilters(filters))).toEqual(filters);
  });

  it("leave out what makes no sense", () => {
    expect(readFilters("?state=dancing&online=maybe&q=")).toEqual({});
    expect(writeFilters({})).toBe("");
  });
});
