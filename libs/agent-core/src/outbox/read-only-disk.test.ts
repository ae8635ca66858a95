import { eventually, startTestBroker } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Agent } from "../agent";
import { aConfig, FakeServer } from "../test-support/fake-server";

/** A file system of its own that the kernel can be made to refuse writes to, as it does after an error of the disk. */
class FailingDisk {
  readonly folder = mkdtempSync(path.join(tmpdir(), "failing-disk-"));
  readonly mountPoint = path.join(this.folder, "mounted");
  private readonly image = path.join(this.folder, "image");

  constructor() {
    mkdirSync(this.mountPoint);
    writeFileSync(this.image, Buffer.alloc(16 * 1024 * 1024));
    run("mkfs.ext4", "-q", this.image);
    this.mount();
  }

  /** Writes fail with EROFS from now on, also those to files that are open. */
  fail(): void {
    run("mount", "-o", "remount,abort", this.mountPoint);
  }

  /** @throws Error while files of it are open */
  repair(): void {
    run("umount", this.mountPoint);
    this.mount();
  }

  remove(): void {
    run("umount", "-l", this.mountPoint);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private mount(): void {
    run("mount", "-o", "loop", this.image, this.mountPoint);
  }
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: "pipe" });
}

/** A container's root may not. */
function mayMount(): boolean {
  try {
    const disk = new FailingDisk();
    disk.fail();
    disk.repair();
    disk.remove();
    return true;
  } catch {
    return false;
  }
}

const isRoot = process.platform === "linux" && process.getuid?.() === 0;
const canMount = isRoot && mayMount();
if (!canMount) {
  process.stderr.write("skipped: only root on Linux can mount a disk that fails\n");
  if (process.env.CI === "true" && isRoot)
    throw new Error("this CI may not mount an image, and nothing may be skipped");
}

(canMount ? it : it.skip)(
  "on a disk that becomes read-only an agent drives its module on, and goes on where it was once it is writable",
  async () => {
    const disk = new FailingDisk();
    const broker = await startTestBroker();
    const server = new FakeServer();
    await server.start();
    const module = new VirtualMn316({ broker: broker.url, timeScale: 20 });
    server.desired = { version: 1, config: aConfig(broker.port), confirmWithinS: 20 };
    const agent = new Agent({
      server: server.url,
      token: "mfd_test",
      dataDir: path.join(disk.mountPoint, "data"),
      openStream: () => Promise.resolve(module.stream),
      random: () => 0,
    });
    await agent.start();
    try {
      await eventually(() => {
        expect(server.events("config").at(-1)).toMatchObject({ status: "applied" });
      });
      disk.fail();
      module.fault("restart", true);
      const opens = () => module.commands.filter((command) => command.startsWith("AT+MQTTOPEN=")).length;
      await eventually(
        () => {
          expect(opens()).toBe(2);
          expect(agent.status?.module.state).toBe("connected");
        },
        { timeoutMs: 20_000 },
      );
      expect(server.events("module-restart")).toEqual([]);
      const execution = randomUUID();
      const runs = () => module.commands.filter((command) => command === "AT+CGMR").length;
      const before = runs();
      server.send({
        ...{ type: "execute", execution, attempt: 1, job: { id: randomUUID(), kind: "at" } },
        ...{ steps: [{ command: "AT+CGMR" }], timeoutS: 5, notAfter: Date.now() + 60_000 },
      });
      // The store lets go of its files before it tries again.
      await eventually(
        () => {
          disk.repair();
        },
        { timeoutMs: 40_000 },
      );
      await eventually(
        () => {
          expect(server.events("storage")).toMatchObject([{ reason: expect.stringMatching(/read-only/i) }]);
          expect(server.events("module-restart")).toHaveLength(1);
          expect(server.executions(execution).at(-1)?.status).toMatch(/FAILED|SUCCEEDED/);
        },
        { timeoutMs: 60_000 },
      );
      // It ran only if it could be journaled, which depends on when the disk was repaired.
      const last = server.executions(execution).at(-1);
      expect(runs() - before).toBe(last?.status === "SUCCEEDED" ? 1 : 0);
      if (last?.status === "FAILED") expect(last.error).toContain("journal cannot be written");
      expect(opens()).toBe(2);
      const numbers = [...server.stored.keys()].sort((a, b) => a - b);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    } finally {
      await agent.stop();
      module.destroy();
      await server.stop();
      await broker.stop();
      disk.remove();
    }
  },
  150_000,
);
