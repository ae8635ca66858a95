import { eventually } from "@mn316-fleet/testkit";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT } from "../../../tools/lib/workspace.mjs";
import { Api } from "./harness/api";

const DEVICES = 5;

describe("npm start", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "mn316-start-"));
  let launcher: ChildProcess | undefined;
  let printed = "";

  afterAll(async () => {
    await interrupt();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Starts it as a user does, and resolves with what it printed once the fleet runs. */
  async function start(): Promise<{ api: Api; url: string }> {
    printed = "";
    launcher = spawn(process.execPath, ["tools/start.mjs"], {
      cwd: ROOT,
      env: {
        ...process.env,
        FLEET_DATA_DIR: folder,
        FLEET_DEMO_DEVICES: String(DEVICES),
        FLEET_ADMIN_KEY: "",
        PORT: undefined,
      },
    });
    for (const stream of [launcher.stdout, launcher.stderr])
      stream?.on("data", (chunk: Buffer) => {
        printed += chunk.toString();
      });
    await eventually(
      () => {
        expect(printed).toContain("Ctrl-C stops everything");
      },
      { timeoutMs: 60_000 },
    );
    const url = /Dashboard\s+(http\S+?)\/#key=/.exec(printed)?.[1] ?? "";
    const key = /Admin key\s+(\S+)/.exec(printed)?.[1] ?? "";
    return { url, api: new Api(url, key) };
  }

  async function interrupt(): Promise<number | null> {
    if (launcher?.exitCode !== null) return launcher?.exitCode ?? null;
    launcher.kill("SIGINT");
    return new Promise((resolve) => launcher?.once("exit", resolve));
  }

  const connected = (api: Api) =>
    eventually(
      async () => {
        expect(await api.all("devices?state=connected")).toHaveLength(DEVICES);
      },
      { timeoutMs: 60_000 },
    );

  it("runs a demo fleet over real serial lines, and Ctrl-C leaves no process behind", async () => {
    const { api, url } = await start();
    await connected(api);
    expect(await (await fetch(url)).text()).toContain("<div id=");
    expect(processesIn(folder).length).toBeGreaterThan(0);
    expect(await interrupt()).toBe(0);
    expect(processesIn(folder)).toEqual([]);
  }, 180_000);

  it("keeps the data for the second start, which is ready within seconds", async () => {
    const { api } = await start();
    const devices = await api.all("devices");
    expect(devices).toHaveLength(DEVICES);
    await connected(api);
    const events = await api.all(`devices/${devices[0].id}/events?kind=agent&limit=500`);
    expect(events.filter(({ state }) => state === "started")).toHaveLength(2);
    expect(events.filter(({ state }) => state === "stopping")).toHaveLength(1); // the first run's farewell was kept
    expect(await interrupt()).toBe(0);
  }, 180_000);
});

/** Command lines of the processes that work in a folder. */
function processesIn(folder: string): string[] {
  if (process.platform !== "linux") return [];
  const found: string[] = [];
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    try {
      const text = readFileSync(`/proc/${pid}/cmdline`, "utf8") + readFileSync(`/proc/${pid}/environ`, "utf8");
      if (text.includes(folder)) found.push(text.split("\0").slice(0, 3).join(" "));
    } catch {
      continue; // gone meanwhile
    }
  }
  return found;
}
