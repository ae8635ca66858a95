import { readFileSync } from "node:fs";
import path from "node:path";
import { DIALECTS } from "./dialects/registry";
import { FAULTS } from "./faults/registry";

describe("the README", () => {
  const readme = readFileSync(path.join(import.meta.dirname, "../README.md"), "utf8");
  /** Of a table row, whatever its columns are padded with. */
  const rows = readme.split("\n").map((line) => line.replace(/\s+/g, " ").trim());

  it.each(Object.entries({ ...DIALECTS, ...FAULTS }))("tells what %s is", (name, { about }) => {
    expect(rows).toContain(`| \`${name}\` | ${about} |`);
  });
});
