import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { readFileSync } from "node:fs";
import path from "node:path";
import { isAllowed, PROGRAMS, type Sbom, sbomOf } from "../../../tools/lib/sbom.mjs";
import { ROOT } from "../../../tools/lib/workspace.mjs";

const manifestOf = (workspace: string) =>
  JSON.parse(readFileSync(path.join(ROOT, "apps", workspace, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
  };

describe.each(Object.entries(PROGRAMS))("what %s is made of", (name, { workspaces }) => {
  let sbom: Sbom;

  beforeAll(async () => {
    sbom = await sbomOf(name);
  }, 60_000);

  it("is told as CycloneDX has it", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);
    expect(await validator.validate(JSON.stringify(sbom))).toBeNull();
  });

  it("is all that its packages name, and what these need", () => {
    const names = new Set(
      sbom.components.map(({ purl }) => decodeURIComponent(purl).replace(/^pkg:npm\/(.+)@.*$/, "$1")),
    );
    for (const workspace of workspaces)
      for (const dependency of Object.keys(manifestOf(workspace).dependencies ?? {}))
        expect(names).toContain(dependency);
    const refs = new Set(sbom.components.map((component) => component["bom-ref"]));
    for (const { ref, dependsOn } of sbom.dependencies)
      if (refs.has(ref)) for (const needed of dependsOn) expect(refs).toContain(needed);
  });

  it("may be given away", () => {
    expect(
      sbom.components.filter((component) => !isAllowed(component)).map(({ purl, licenses }) => [purl, licenses]),
    ).toEqual([]);
  });

  it("holds nothing that only builds or tests", () => {
    const names = sbom.components.map((component) => component.name);
    for (const tool of ["jest", "typescript", "eslint", "nx", "prisma", "vite", "fast-check"])
      expect(names).not.toContain(tool);
  });
});
