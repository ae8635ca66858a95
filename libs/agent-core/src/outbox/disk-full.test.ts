import type { FleetEvent } from "@mn316-fleet/protocol";
import { eventually, startTestBroker } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Agent } from "../agent";
import { aConfig, FakeServer } from "../test-support/fake-server";
import { openOutbox } from "../test-support/open-outbox";

const canMount = process.platform === "linux" && process.getuid?.() === 0 && mayMount();
if (!canMount) {
  process.stderr.write("skipped: only root on Linux can make a small disk to fill\n");
  if (process.env.CI === "true" && process.platform === "linux" && process.getuid?.() === 0)
    throw new Error("this CI may not mount a tmpfs, and nothing may be skipped");
}

(canMount ? describe : describe.skip)("on a disk that is full", () => {
  let disk: string;
  beforeEach(() => {
    disk = mkdtempSync(path.join(tmpdir(), "small-disk-"));
    mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", disk);
  });
  afterEach(() => {
    execFileSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  const fill = () => {
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(path.join(disk, "ballast"), Buffer.alloc(bavail * bsize));
  };
  const free = () => {
    rmSync(path.join(disk, "ballast"));
  };

  it("an outbox waits in memory, keeps the order, and tells it afterwards", async () => {
    const outbox = await openOutbox(path.join(disk, "data"));
    const line = "x".repeat(2_000);
    const append = (count: number) => {
      for (let index = 0; index < count; index++) void outbox.append({ kind: "urc", at: index, line });
    };
    append(10);
    await outbox.flush();
    fill();
    append(400);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(outbox.nextSeq).toBe(411);
    free();
    append(5);
    const stored = await eventually(
      async () => {
        const events = (await outbox.read(1, 10_000, 1e9)).map(({ json }) => JSON.parse(json) as FleetEvent);
        expect(events.at(-1)?.kind).toBe("storage");
        return events;
      },
      { timeoutMs: 20_000 },
    );
    expect(stored.map(({ seq }) => seq)).toEqual(Array.from({ length: 416 }, (_, index) => index + 1));
    expect(stored.at(-1)).toMatchObject({ reason: expect.stringMatching(/space/i) });
    await outbox.close();
    const again = await openOutbox(path.join(disk, "data"));
    expect(again.nextSeq).toBe(417);
    await again.close();
  }, 60_000);

  it("the agent goes on driving its module, reports when it can, and runs no job that it cannot journal", async () => {
    const broker = await startTestBroker();
    const server = new FakeServer();
    await server.start();
    const module = new VirtualMn316({ broker: broker.url, timeScale: 20 });
    server.desired = { version: 1, config: aConfig(broker.port), confirmWithinS: 20 };
    const agent = new Agent({
      server: server.url,
      token: "mfd_test",
      dataDir: path.join(disk, "data"),
      openStream: () => Promise.resolve(module.stream),
      random: () => 0,
    });
    await agent.start();
    try {
      await eventually(() => {
        expect(server.events("config").at(-1)).toMatchObject({ status: "applied" });
      });
      fill();
      // Small writes still fit into the last block: enough happens to fill that too.
      for (let index = 0; index < 100; index++) server.send({ type: "cancel", execution: randomUUID(), attempt: 1 });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      module.fault("restart", true);
      await eventually(
        () => {
          expect(module.commands.filter((command) => command.startsWith("AT+MQTTOPEN=")).length).toBe(2);
          expect(agent.status?.module.state).toBe("connected");
        },
        { timeoutMs: 20_000 },
      );
      const execution = randomUUID();
      const runs = () => module.commands.filter((command) => command === "AT+CGMR").length;
      const before = runs();
      server.send({
        type: "execute",
        execution,
        attempt: 1,
        job: { id: randomUUID(), kind: "at" },
        steps: [{ command: "AT+CGMR" }],
        timeoutS: 5,
        notAfter: Date.now() + 60_000,
      });
      await new Promise((resolve) => setTimeout(resolve, 500));
      free();
      const ended = await eventually(
        () => {
          expect(server.events("storage").length).toBe(1);
          expect(server.events("module-restart").length).toBe(1);
          const last = server.executions(execution).at(-1);
          expect(last).toMatchObject({ status: "FAILED", error: expect.stringContaining("journal cannot be written") });
          return last;
        },
        { timeoutMs: 60_000 },
      );
      expect(ended).toBeDefined();
      expect(runs()).toBe(before);
      const numbers = [...server.stored.keys()].sort((a, b) => a - b);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    } finally {
      await agent.stop();
      module.destroy();
      await server.stop();
      await broker.stop();
    }
  }, 120_000);
});

function mount(...args: string[]): void {
  execFileSync("mount", args);
}

/** A container's root may not. */
function mayMount(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), "may-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
