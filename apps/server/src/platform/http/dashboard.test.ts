import { readFileSync } from "node:fs";
import { PAGES } from "./dashboard";

const ROUTER = new URL("../../../../dashboard/src/router.tsx", import.meta.url);

describe("the dashboard's addresses", () => {
  it("are served as its router knows them, so that each can be opened, reloaded and sent to somebody", () => {
    const known = [...readFileSync(ROUTER, "utf8").matchAll(/^ {2}path: "(.+)",$/gm)].map(([, path = ""]) => path);
    const served = ["/", ...PAGES];
    const isServed = (path: string) =>
      served.some((page) => page === path || (page.endsWith("/*") && path.startsWith(page.slice(0, -1))));
    expect(known).toContain("/devices/$id");
    expect(known.filter((path) => !isServed(path))).toEqual([]);
    expect(served).toHaveLength(new Set(known.map((path) => path.replace(/\/(new|\$id)$/, "/*"))).size);
  });
});
