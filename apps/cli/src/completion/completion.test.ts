import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildProgram } from "../program";
import { PROGRAM } from "../test-support/fleetctl";
import { COMPLETION_SCRIPTS, type Shell } from "./scripts";
import { suggest } from "./suggest";

const words = (...typed: string[]) =>
  suggest(buildProgram(), typed, { "--context": () => ["home", "other"] }).map(({ word }) => word);

describe("the suggestions", () => {
  it.each([
    ["commands", ["prof"], ["profiles"]],
    ["commands of a group", ["jobs", "re"], ["reconnect", "restart", "resume"]],
    ["commands of a group by its other name", ["device", "sh"], ["show"]],
    ["commands behind an option and its value", ["--context", "home", "config", "his"], ["history"]],
    ["options of a command", ["devices", "list", "--st"], ["--state"]],
    ["options that all commands take", ["devices", "list", "--js"], ["--json"]],
    ["values that an option knows", ["api-keys", "create", "x", "--role", "o"], ["operator"]],
    ["servers that are kept", ["devices", "list", "--context", "o"], ["other"]],
    ["values that an argument knows", ["completion", ""], ["bash", "zsh", "fish"]],
    ["nothing where a file or a device stands", ["profiles", "apply", "-f", ""], []],
    ["nothing where nothing fits", ["jobs", "zz"], []],
  ])("are %s", (_what, typed, expected) => {
    expect(words(...typed)).toEqual(expected);
  });

  it("hide what is not for people", () => {
    expect(words("")).toEqual(expect.arrayContaining(["devices", "jobs", "console"]));
    expect(words("")).not.toContain("__complete");
  });
});

describe("the scripts for shells", () => {
  it.each(Object.keys(COMPLETION_SCRIPTS) as Shell[])("are what %s understands", (shell) => {
    const { error, status, stderr } = spawnSync(shell, ["-n"], { input: COMPLETION_SCRIPTS[shell], encoding: "utf8" });
    // bash is everywhere; the others are checked where they are.
    if (error === undefined || shell === "bash") expect([status, stderr]).toEqual([0, ""]);
  });

  it("complete a line in a real bash, and run nothing that stands in it", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "fleetctl-bash-"));
    try {
      writeFileSync(path.join(folder, "fleetctl"), `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`, {
        mode: 0o755,
      });
      const complete = (...line: string[]) => {
        const array = line.map((word) => `'${word}'`).join(" ");
        const script = `${COMPLETION_SCRIPTS.bash}
COMP_WORDS=(fleetctl ${array}); COMP_CWORD=${line.length}; _fleetctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
        return spawnSync("bash", ["-c", script], {
          encoding: "utf8",
          env: { PATH: `${folder}:${process.env.PATH ?? ""}`, HOME: folder },
        }).stdout;
      };
      expect(complete("jobs", "re")).toBe("reconnect\nrestart\nresume\n");
      expect(complete("devices", `$(touch ${folder}/ran)`, "--on")).toBe("\n");
      expect(spawnSync("ls", [folder], { encoding: "utf8" }).stdout).toBe("fleetctl\n");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
