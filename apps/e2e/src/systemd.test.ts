import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const UNIT = path.join(ROOT, "deploy/systemd/mn316-fleet.service");
/** How long the server takes at most to end in order, in s. */
const STOP_S = 10;

describe("the server's unit for systemd", () => {
  const unit = readFileSync(UNIT, "utf8");
  const canVerify = spawnSync("systemd-analyze", ["--version"]).error === undefined;

  (canVerify ? it : it.skip)("is understood by systemd", () => {
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", UNIT], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("starts the program that the build makes, and leaves it the time to end in order", () => {
    const [, program = ""] = /^ExecStart=.* \/opt\/mn316-fleet\/(\S+)$/m.exec(unit) ?? [];
    expect(existsSync(path.join(ROOT, program))).toBe(true);
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(STOP_S);
  });

  it("names settings that are documented", () => {
    const settings = readFileSync(path.join(ROOT, "docs/settings.md"), "utf8");
    const names = [...unit.matchAll(/\b(FLEET_[A-Z_]+|DATABASE_URL)\b/g)].map(([name]) => name);
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expect(settings).toContain(`\`${name}\``);
  });
});
