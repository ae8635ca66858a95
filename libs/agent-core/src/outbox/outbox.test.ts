import type { FleetEvent } from "@mn316-fleet/protocol";
import { eventually } from "@mn316-fleet/testkit";
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openOutbox } from "../test-support/open-outbox";
import type { Outbox } from "./outbox";

const KILLS = 12;
const ROOT = path.resolve(import.meta.dirname, "../../../..");

describe("an outbox on disk", () => {
  let folder: string;
  let outbox: Outbox | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "outbox-"));
  });
  afterEach(async () => {
    await outbox?.close();
    outbox = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (options: Parameters<typeof openOutbox>[1] = {}) => (outbox = await openOutbox(folder, options));
  const ping = (at = 1) => ({ kind: "ping", at }) as const;
  const all = async (from: Outbox) =>
    (await from.read(1, 1_000_000, Number.MAX_SAFE_INTEGER)).map(({ json }) => JSON.parse(json) as FleetEvent);

  it("numbers from 1 and goes on after a restart, in the same epoch", async () => {
    const first = await open();
    await Promise.all([first.append(ping()), first.append(ping()), first.append(ping())]);
    const { epoch } = first;
    await first.close();
    const second = await open();
    await second.append(ping());
    expect(second.epoch).toBe(epoch);
    expect((await all(second)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  it("begins a larger epoch when its store is gone, even with a clock that was set back", async () => {
    const first = await open();
    const { epoch } = first;
    await first.close();
    await rm(path.join(folder, "store"), { recursive: true });
    const second = await open({ clock: { now: () => 1_000, after: () => () => undefined } });
    expect(second.epoch).toBe(epoch + 1);
    expect(second.nextSeq).toBe(1);
  });

  it("bears an acknowledgement while its store is opened anew, and forgets with the next one", async () => {
    const first = await open();
    for (let index = 0; index < 3; index++) await first.append(ping());
    const { level } = (first as unknown as { store: { level: { close(): Promise<void>; open(): Promise<void> } } })
      .store;
    await level.close();
    await first.ack(2);
    await level.open();
    expect((await all(first)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(first.resumeFrom).toBe(3);
    await first.ack(3);
    expect(await all(first)).toEqual([]);
  });

  it("forgets what is acknowledged, and remembers that over a restart where nothing is left", async () => {
    const first = await open();
    for (let index = 0; index < 5; index++) await first.append(ping());
    await first.ack(3);
    expect(first.resumeFrom).toBe(4);
    expect((await all(first)).map(({ seq }) => seq)).toEqual([4, 5]);
    await first.ack(99);
    await first.close();
    const second = await open();
    expect([second.resumeFrom, second.nextSeq, second.sizeBytes]).toEqual([6, 6, 0]);
  });

  it("knows its size again soon after a restart, whatever comes and goes meanwhile", async () => {
    const first = await open();
    for (let index = 0; index < 50; index++) await first.append(ping());
    const before = first.sizeBytes;
    await first.close();
    const second = await open();
    const more = second.append(ping());
    await second.ack(10);
    await more;
    const held = (await second.read(1, 1_000, 1e9)).reduce((sum, { json }) => sum + json.length, 0);
    await eventually(() => {
      expect(second.sizeBytes).toBe(held);
    });
    expect(held).toBeLessThan(before);
  });

  it("reads bounded batches", async () => {
    const box = await open();
    await Promise.all(Array.from({ length: 10 }, () => box.append({ kind: "urc", at: 1, line: "x".repeat(1_000) })));
    expect(await box.read(3, 4, 1e9)).toHaveLength(4);
    expect(await box.read(1, 100, 3_500)).toHaveLength(3);
    expect(await box.read(1, 100, 10)).toHaveLength(1);
  });

  it("drops the oldest telemetry first when it is full, and says which numbers", async () => {
    const box = await open({ limitBytes: 20_000 });
    const state = { kind: "state", at: 1, from: "unknown", to: "connected", since: 1, cause: "unknown" } as const;
    await box.append(state);
    for (let index = 0; index < 400; index++) await box.append({ kind: "signal", at: index, rssi: 20, ber: 0 });
    expect(box.sizeBytes).toBeLessThanOrEqual(20_000);
    const events = await all(box);
    expect(events[0]).toMatchObject({ seq: 1, kind: "state" });
    const gap = events[1];
    expect(gap).toMatchObject({ kind: "outbox-gap", from: 2, to: gap?.seq });
    expect(events.slice(2).map(({ seq }) => seq)).toEqual(
      events.slice(2).map((_, index) => (gap?.seq ?? 0) + 1 + index),
    );
    expect(events.at(-1)?.seq).toBe(401);
  });

  it("takes a burst with few writes", async () => {
    const box = await open();
    let writes = 0;
    box.on("appended", () => writes++);
    await Promise.all(Array.from({ length: 5_000 }, () => box.append(ping())));
    expect(writes).toBeLessThan(20);
  });

  it("writes also what is appended in the very moment in which a write ends", async () => {
    const box = await open();
    for (const ticks of [0, 1, 2, 3, 4, 5, 6, 7, 8])
      for (let round = 0; round < 20; round++) {
        await box.append(ping());
        for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
        await box.append(ping());
      }
    expect(await all(box)).toHaveLength(360);
  });

  it("refuses a folder that another agent holds, and says so", async () => {
    await open();
    await expect(openOutbox(folder)).rejects.toThrow(/another agent uses it/);
  });

  it(`loses nothing that was on disk and leaves no gap, killed ${KILLS} times at random moments`, async () => {
    const library = path.join(folder, "library.mjs");
    await build({
      entryPoints: [path.join(import.meta.dirname, "../test-support/open-outbox.ts")],
      outfile: library,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      // By absolute address: the bundle lies outside of the repository.
      plugins: [
        {
          name: "packages",
          setup: (builder) => {
            builder.onResolve({ filter: /^(classic-level|pino|zod|serialport)$/ }, ({ path: id }) => ({
              path: import.meta.resolve(id),
              external: true,
            }));
          },
        },
      ],
    });
    const writer = path.join(ROOT, "libs/agent-core/src/test-support/endless-writer.mjs");
    const dataDir = path.join(folder, "data");
    let written = 0;
    let epoch: number | undefined;
    for (let kill = 0; kill < KILLS; kill++) {
      const child = spawn(process.execPath, [writer, library, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      const exited = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGKILL");
      await exited;
      const lines = output.slice(0, output.lastIndexOf("\n")).split("\n");
      const [, epochNow, , next] = lines[0]!.split(" ").map(Number);
      epoch ??= epochNow;
      expect(epochNow).toBe(epoch);
      expect(next).toBeGreaterThan(written); // no number that was on disk is given again
      written = Math.max(written, ...lines.slice(1).flatMap((line) => line.split(" ").map(Number)));

      const box = await openOutbox(dataDir);
      const numbers = (await all(box)).map(({ seq }) => seq);
      expect(box.nextSeq).toBeGreaterThan(written);
      expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
      expect(numbers.at(-1)).toBe(box.nextSeq - 1);
      await box.close();
    }
    expect(written).toBeGreaterThan(100);
  }, 60_000);
});
