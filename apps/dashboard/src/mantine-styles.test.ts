import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const folder = import.meta.dirname;
const library = path.dirname(createRequire(import.meta.url).resolve("@mantine/core/styles.css"));

it("has the styles of every library component that is used", () => {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".tsx"));
  const named = sources.flatMap((file) => {
    const text = readFileSync(path.join(folder, file), "utf8");
    const lists = [...text.matchAll(/import \{([^}]*)\} from "@mantine\/core"/g)];
    return lists.flatMap(([, list]) => (list ?? "").split(",").map((name) => name.replace("type ", "").trim()));
  });
  const styled = [...new Set(named)].filter((name) => existsSync(path.join(library, "styles", `${name}.css`)));
  const loaded = readFileSync(path.join(folder, "mantine-styles.ts"), "utf8");
  expect(styled.length).toBeGreaterThan(20);
  expect(styled.filter((name) => !loaded.includes(`/styles/${name}.css`))).toEqual([]);
});
