import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const filesBelow = (folder: string, ending: string) =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => path.join(folder, file));

const PAGES = ["README.md", ...filesBelow("docs", ".md")];

/** A heading as the pages' links name it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .trim()
    .replaceAll(/\s/g, "-");

describe("the documentation", () => {
  it.each(PAGES)("%s links to what is there", (page) => {
    const links = [...read(page).matchAll(/(?<!!)\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    for (const target of links.filter((link) => !/^https?:/.test(link))) {
      const [file = "", anchor] = target.split("#");
      const linked = file === "" ? page : path.join(path.dirname(page), file);
      expect([target, existsSync(path.join(ROOT, linked))]).toEqual([target, true]);
      if (anchor === undefined) continue;
      const anchors = [...read(linked).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));
      expect(anchors).toContain(anchor);
    }
  });

  it("explains every setting of the server and of the agent", () => {
    const page = read("docs/settings.md");
    const ofServer = filesBelow("apps/server/src/platform/settings", "-settings.ts").flatMap((file) => [
      ...read(file).matchAll(/^ {2}([A-Z][A-Z_]+):/gm),
    ]);
    const ofAgent = read("apps/agent/src/bin/mn316-agent.ts").matchAll(/\b(MN316_[A-Z_]+)/g);
    const names = [...ofServer, ...ofAgent].map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(15);
    for (const name of names) expect(page).toContain(`\`${name}\``);
  });

  it("draws the direction of imports that lint enforces", () => {
    const { forbidden } = createRequire(import.meta.url)(path.join(ROOT, ".dependency-cruiser.cjs")) as {
      forbidden: { name: string; to: { pathNot: string[] } }[];
    };
    const enforced = forbidden.flatMap(({ name, to }): [string, string[]][] => {
      const project = /^imports of (.+)$/.exec(name)?.[1];
      if (project === undefined) return [];
      const allowed = to.pathNot.map((pattern) => pattern.replace(/^\^libs\//, "").replace(/\/$/, ""));
      return [[project, allowed.slice(1).sort()]]; // the first is the project itself
    });
    const rows = [...read("docs/architecture.md").matchAll(/^\| (`(?:libs|apps)\/[^|]*`) +\| ([^|]*?) *\|$/gm)];
    const drawn = rows.flatMap(([, projects = "", allowed = ""]) =>
      [...projects.matchAll(/`([^`]+)`/g)].map(([, project = ""]): [string, string[]] => [
        project,
        allowed === "nothing of ours" ? [] : allowed.split(", ").sort(),
      ]),
    );
    expect(Object.fromEntries(drawn)).toEqual(Object.fromEntries(enforced));
    expect(enforced.length).toBeGreaterThan(10);
  });

  it("names every metric", () => {
    const page = read("docs/operations.md");
    const names = filesBelow("apps/server/src", ".ts").flatMap((file) =>
      [...read(file).matchAll(/name: "(fleet_\w+)",\s+help:/g)].map(([, name = ""]) => name),
    );
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(page).toContain(`\`${name}\``);
  });
});
