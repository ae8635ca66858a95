/** `npm run sbom [-- NAME…]`: writes `sbom/NAME.cdx.json`, what each program is made of, and looks at the licenses. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isAllowed, licensesOf, PROGRAMS, sbomOf } from "./lib/sbom.mjs";
import { installPackages, requireNode, ROOT } from "./lib/workspace.mjs";

const FOLDER = path.join(ROOT, "sbom");

requireNode();
try {
  await installPackages();
  mkdirSync(FOLDER, { recursive: true });
  const given = process.argv.slice(2).filter((argument) => argument !== "--");
  for (const name of given.length > 0 ? given : Object.keys(PROGRAMS)) {
    const sbom = await sbomOf(name);
    writeFileSync(path.join(FOLDER, `${name}.cdx.json`), `${JSON.stringify(sbom, undefined, 2)}\n`);
    const refused = sbom.components.filter((component) => !isAllowed(component));
    console.log(`sbom/${name}.cdx.json: ${sbom.components.length} packages`);
    for (const component of refused) {
      const licenses = licensesOf(component).join(", ") || "none";
      console.error(
        `  ${component.name} ${component.version} is under ${licenses}, which is not on the list of licenses`,
      );
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
