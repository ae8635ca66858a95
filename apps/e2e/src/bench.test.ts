import { eventually } from "@mn316-fleet/testkit";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT } from "../../../tools/lib/workspace.mjs";

describe("a benchmark that is ended", () => {
  let folder: string;
  // Its databases and data folders are below this one, where an account without rights can reach it.
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "mn316-bench-"));
    chmodSync(folder, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Processes whose command line names the folder. */
  const running = () =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => commandLineOf(pid).includes(folder));

  const commandLineOf = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      return "";
    }
  };

  if (process.platform === "linux")
    it.each(["SIGINT", "SIGTERM"] as const)(
      "leaves nothing running after %s",
      async (signal) => {
        const bench = spawn(process.execPath, [path.join(ROOT, "apps/e2e/dist/bench.js"), "ingest"], {
          env: { ...process.env, TMPDIR: folder },
          stdio: "ignore",
        });
        // Its database takes connections, or will in a moment: what makes the cluster before ends by itself.
        const isServing = (pid: string) => commandLineOf(pid).includes("unix_socket_directories");
        await eventually(() => expect(running().filter(isServing)).not.toEqual([]), { timeoutMs: 50_000 });
        bench.kill(signal);
        const [code] = (await once(bench, "exit")) as [number];
        expect(code).toBe(signal === "SIGINT" ? 130 : 143);
        expect(running()).toEqual([]);
      },
      90_000,
    );
});
