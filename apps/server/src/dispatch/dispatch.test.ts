import { jest } from "@jest/globals";
import { executionPageSchema, jobSchema } from "@mn316-fleet/contracts";
import type { ExecutionReport } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, findTestRedis, type TestDatabase } from "@mn316-fleet/testkit";
import { randomUUID } from "node:crypto";
import { ConfigsModule } from "../configs/configs.module";
import { DevicesModule } from "../devices/devices.module";
import { FrameHandlers } from "../gateway/frame-handlers";
import { JobsModule } from "../jobs/jobs.module";
import type { Settings } from "../platform/settings/settings";
import { TestApp } from "../test-support/test-app";
import { DispatchModule } from "./dispatch.module";
import { Reconciler } from "./reconciler";

const redis = await findTestRedis();
const FEATURES = [DevicesModule, ConfigsModule, JobsModule, DispatchModule];

describe("jobs over postgres", () => suite({}));
(redis ? describe : describe.skip)("jobs over redis", () => {
  suite({ redisUrl: redis?.url, ...(redis && { redisPrefix: redis.prefix }) });
  afterAll(() => redis?.clean());
});

function suite(settings: Partial<Settings>): void {
  let testDatabase: TestDatabase;
  let server: TestApp;
  let deviceIds: string[];

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start(FEATURES, testDatabase.url, settings);
  }, 60_000);
  beforeEach(async () => {
    await server.database.pool.query("DELETE FROM device");
    await server.database.pool.query("DELETE FROM job");
    server.links.online.clear();
    server.links.frames.length = 0;
    deviceIds = [];
    for (const name of ["a", "b", "c"]) deviceIds.push((await server.ok("POST", "devices", { name })).id);
  });
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  const device = (index = 0) => deviceIds[index]!;
  const sent = (deviceId: string) => server.links.of(deviceId, "execute");
  const at = (targets: string[], more: object = {}) =>
    server.ok("POST", "jobs", { kind: "at", targets: { deviceIds: targets }, steps: [{ command: "AT+CSQ" }], ...more });
  const job = (id: string) => server.ok("GET", `jobs/${id}`);
  const executions = async (id: string) => (await server.ok("GET", `jobs/${id}/executions`)).items;
  const nextSent = (deviceId: string, count = 1) =>
    eventually(() => {
      expect(sent(deviceId)).toHaveLength(count);
      return sent(deviceId)[count - 1]!;
    });
  const reporting = (deviceId: string, report: ExecutionReport) =>
    server.app.get(FrameHandlers).find("execution")(
      { deviceId, fencing: 1n, send: () => true, close: () => undefined },
      { type: "execution", ...report },
    );
  let seq = 0;
  const event = (deviceId: string, report: ExecutionReport) => ({
    deviceId,
    epoch: 1,
    receivedAt: new Date(),
    event: { kind: "execution" as const, seq: ++seq, at: 1, ...report },
  });
  const finish = (deviceId: string, execution: string) =>
    server.project([
      event(deviceId, { execution, attempt: 1, status: "RUNNING" }),
      event(deviceId, {
        execution,
        attempt: 1,
        status: "SUCCEEDED",
        step: 0,
        command: "AT+CSQ",
        result: "OK",
        output: ["+CSQ:20,99"],
        ms: 12,
      }),
    ]);
  /** Moves the times that PostgreSQL compares with now. */
  const age = (id: string, columns: string) =>
    server.database.pool.query(`UPDATE execution SET ${columns} WHERE id = $1`, [id]);

  it("go to connected devices, and what came of them comes back", async () => {
    server.links.online.add(device());
    const created = await at([device()]);
    expect(jobSchema.parse(created)).toEqual(created);
    expect(created).toMatchObject({ kind: "at", status: "ROLLING_OUT", createdBy: "FLEET_ADMIN_KEY" });
    const frame = await nextSent(device());
    expect(frame).toMatchObject({
      attempt: 1,
      job: { id: created.id, kind: "at" },
      steps: [{ command: "AT+CSQ" }],
      timeoutS: 60,
    });
    expect(frame.notAfter).toBeGreaterThan(Date.now() + 86_000_000);
    expect((await job(created.id)).counts).toMatchObject({ sent: 1 });
    await server.project([event(device(), { execution: frame.execution, attempt: 1, status: "RUNNING" })]);
    expect((await job(created.id)).counts).toMatchObject({ running: 1 });
    await finish(device(), frame.execution);
    expect(await job(created.id)).toMatchObject({ status: "COMPLETED", counts: { succeeded: 1, running: 0 } });
    const page = await server.ok("GET", `jobs/${created.id}/executions`);
    expect(executionPageSchema.parse(page)).toEqual(page);
    expect(page.items).toEqual([
      {
        id: frame.execution,
        jobId: created.id,
        deviceId: device(),
        status: "SUCCEEDED",
        attempt: 1,
        steps: [{ command: "AT+CSQ", result: "OK", output: ["+CSQ:20,99"], ms: 12 }],
      },
    ]);
  });

  it("run one at a time on a device, in order, and on devices side by side", async () => {
    server.links.online.add(device(0)).add(device(1));
    const [first, second] = [await at([device(0), device(1)]), await at([device(0)])];
    const one = await nextSent(device(0));
    expect(one.job.id).toBe(first.id);
    const other = await nextSent(device(1));
    await finish(device(1), other.execution);
    expect(sent(device(0))).toHaveLength(1);
    await finish(device(0), one.execution);
    const two = await nextSent(device(0), 2);
    expect(two.job.id).toBe(second.id);
    await finish(device(0), two.execution);
    expect((await job(first.id)).status).toBe("COMPLETED");
    expect((await job(second.id)).status).toBe("COMPLETED");
  });

  it("wait for a device that is away and go out at its hello, in order", async () => {
    const jobs = [await at([device()]), await at([device()])];
    await server.connect(device());
    const one = await nextSent(device());
    expect(one.job.id).toBe(jobs[0].id);
    await finish(device(), one.execution);
    expect((await nextSent(device(), 2)).job.id).toBe(jobs[1].id);
  });

  it("are sent again over a new link, also by a node whose clock stands behind PostgreSQL's", async () => {
    server.links.online.add(device());
    await at([device()]);
    const one = await nextSent(device());
    const clock = jest
      .spyOn(Date, "now")
      .mockImplementation(() => Math.floor(performance.timeOrigin + performance.now()) - 3_600_000);
    try {
      await server.connect(device());
      expect(await nextSent(device(), 2)).toEqual(one);
    } finally {
      clock.mockRestore();
    }
  });

  it("are sent again over a new link until the device answers, always as the same attempt", async () => {
    server.links.online.add(device());
    await at([device()]);
    const one = await nextSent(device());
    await server.connect(device());
    const again = await nextSent(device(), 2);
    expect(again).toEqual(one);
    await reporting(device(), { execution: one.execution, attempt: 1, status: "RUNNING" });
    await server.connect(device());
    await finish(device(), one.execution);
    expect(sent(device())).toHaveLength(2);
  });

  it("take reports as frames and events, repeated and out of order", async () => {
    server.links.online.add(device());
    const { id } = await at([device()], { steps: [{ command: "AT" }, { command: "AT+CSQ" }] });
    const { execution } = await nextSent(device());
    const base = { execution, attempt: 1 } as const;
    const final = {
      ...base,
      status: "FAILED",
      step: 1,
      command: "AT+CSQ",
      result: "ERROR",
      error: "step 1: ERROR",
    } as const;
    await reporting(device(), final);
    await server.project([
      event(device(), { ...base, status: "RUNNING" }),
      event(device(), {
        ...base,
        status: "RUNNING",
        step: 0,
        command: "AT",
        result: "OK",
        output: ["a\u0000\ud800"],
        ms: 3,
      }),
      event(device(), final),
    ]);
    await reporting(device(), { ...base, status: "SUCCEEDED" });
    expect(await executions(id)).toMatchObject([
      {
        status: "FAILED",
        error: "step 1: ERROR",
        steps: [
          { command: "AT", result: "OK", output: ["a\ufffd\ufffd"] },
          { command: "AT+CSQ", result: "ERROR" },
        ],
      },
    ]);
    expect((await executions(id))[0]).not.toHaveProperty("late");
    expect((await job(id)).status).toBe("COMPLETED");
  });

  it("believe no device about another's execution, nor another attempt", async () => {
    server.links.online.add(device());
    const { id } = await at([device()]);
    const { execution } = await nextSent(device());
    await reporting(device(1), { execution, attempt: 1, status: "SUCCEEDED" });
    await reporting(device(), { execution, attempt: 2, status: "SUCCEEDED" });
    await reporting(device(), { execution: randomUUID(), attempt: 1, status: "SUCCEEDED" });
    expect((await executions(id))[0].status).toBe("SENT");
  });

  it("complete once when their last executions end at the same time", async () => {
    for (const deviceId of deviceIds) server.links.online.add(deviceId);
    const { id } = await at(deviceIds);
    const frames = await Promise.all(deviceIds.map((deviceId) => nextSent(deviceId)));
    await Promise.all(frames.map(({ execution }, index) => finish(device(index), execution)));
    expect(await job(id)).toMatchObject({ status: "COMPLETED", counts: { succeeded: 3 } });
  });

  it("expire where a device does not come in time", async () => {
    const { id } = await at([device()], { expiresAt: new Date(Date.now() + 1_200).toISOString() });
    await eventually(async () => {
      expect(await job(id)).toMatchObject({ status: "COMPLETED", counts: { expired: 1 } });
    });
    await server.connect(device());
    expect((await executions(id))[0].status).toBe("EXPIRED");
    expect(sent(device())).toHaveLength(0);
  });

  it("are given up where a device falls silent; its late result replaces that, marked", async () => {
    server.links.online.add(device());
    const { id } = await at([device()], { timeoutS: 1 });
    const { id: nextId } = await at([device()]);
    const { execution } = await nextSent(device());
    await reporting(device(), { execution, attempt: 1, status: "RUNNING" });
    await age(execution, "begun_at = now() - interval '17 s'");
    await server.app.get(Reconciler).reconcile();
    expect(await executions(id)).toMatchObject([{ status: "TIMED_OUT" }]);
    expect((await job(id)).status).toBe("COMPLETED");
    // The silent device blocks nobody but itself, and its next one has its turn.
    expect((await nextSent(device(), 2)).job.id).toBe(nextId);
    await finish(device(), execution);
    expect(await executions(id)).toMatchObject([{ status: "SUCCEEDED", late: true }]);
    expect(await job(id)).toMatchObject({ status: "COMPLETED", counts: { succeeded: 1, timedOut: 0 } });
  });

  it("survive the loss of every queue: the reconciler finds what is stuck", async () => {
    server.links.online.add(device());
    const { id } = await at([device()]);
    const { execution } = await nextSent(device());
    await age(execution, "sent_at = now() - interval '11 s'");
    await server.app.get(Reconciler).reconcile();
    expect((await nextSent(device(), 2)).execution).toBe(execution);
    // A worker that died before it sent: waiting, though the device is there and idle.
    await age(execution, "status = 'QUEUED', sent_at = NULL");
    await server.database.pool.query("UPDATE device_state SET online = true WHERE device_id = $1", [device()]);
    await server.app.get(Reconciler).reconcile();
    await nextSent(device(), 3);
    await server.database.pool.query("UPDATE execution SET status = 'SUCCEEDED', ended_at = now() WHERE id = $1", [
      execution,
    ]);
    await server.app.get(Reconciler).reconcile();
    expect((await job(id)).status).toBe("COMPLETED");
  });

  const asked = (deviceId: string, count = 1) =>
    eventually(() => {
      expect(server.links.of(deviceId, "cancel").length).toBeGreaterThanOrEqual(count);
      return server.links.of(deviceId, "cancel").at(-1)!;
    });

  it("are canceled at once where they wait, and by their device's word where they were sent", async () => {
    server.links.online.add(device(0));
    const { id } = await at(deviceIds);
    const { execution } = await nextSent(device(0));
    const canceled = await server.request("POST", `jobs/${id}/cancel`);
    expect(canceled.status).toBe(200);
    expect(canceled.body).toMatchObject({ status: "CANCELED", counts: { canceled: 2, sent: 0, running: 1 } });
    expect((await server.request("POST", `jobs/${id}/cancel`)).status).toBe(409);
    expect(await asked(device(0))).toEqual({ type: "cancel", execution, attempt: 1 });
    await server.project([event(device(0), { execution, attempt: 1, status: "RUNNING" })]);
    expect((await executions(id))[0]).toMatchObject({ status: "CANCELING" });
    await server.project([
      event(device(0), { execution, attempt: 1, status: "CANCELED", error: "after 1 of 2 steps" }),
    ]);
    expect(await job(id)).toMatchObject({ status: "CANCELED", counts: { canceled: 3, running: 0 } });
    expect((await server.request("POST", `jobs/${id}/cancel`)).status).toBe(409);
    expect((await server.request("POST", `jobs/${randomUUID()}/cancel`)).status).toBe(404);
  });

  it("keep their real outcome where the command was on the line when the cancellation came", async () => {
    server.links.online.add(device());
    const { id } = await at([device()]);
    const { execution } = await nextSent(device());
    await server.project([event(device(), { execution, attempt: 1, status: "RUNNING" })]);
    await server.ok("POST", `jobs/${id}/cancel`);
    await asked(device());
    await finish(device(), execution);
    expect(await job(id)).toMatchObject({ status: "CANCELED", counts: { succeeded: 1 } });
  });

  it("are asked to end again at the hello of a device that was away, and given up in the end", async () => {
    server.links.online.add(device());
    const { id } = await at([device()]);
    await nextSent(device());
    server.links.online.delete(device());
    await server.ok("POST", `jobs/${id}/cancel`);
    expect(server.links.of(device(), "cancel")).toHaveLength(0);
    await server.connect(device());
    await asked(device());
    const [{ id: execution }] = await executions(id);
    await age(execution, "sent_at = now() - interval '10 minutes'");
    await server.app.get(Reconciler).reconcile();
    expect((await executions(id))[0]).toMatchObject({ status: "TIMED_OUT" });
    await server.project([event(device(), { execution, attempt: 1, status: "CANCELED" })]);
    expect((await executions(id))[0]).toMatchObject({ status: "CANCELED", late: true });
  });

  it("are refused by the device's own policy before anything is sent", async () => {
    server.links.online.add(device());
    await server.ok("PUT", `devices/${device()}/config`, {
      mqtt: { host: "h", port: 1, clientId: "c" },
      at: { deny: ["AT+CFUN"] },
    });
    const { id } = await at([device()], { steps: [{ command: "AT+CSQ" }, { command: "at+cfun=1,1" }] });
    await eventually(async () => {
      expect(await executions(id)).toMatchObject([{ status: "REJECTED", error: "at.deny forbids AT+CFUN" }]);
    });
    expect((await job(id)).status).toBe("COMPLETED");
    expect(sent(device())).toHaveLength(0);
  });

  it("of the kind configure carry the configuration anew", async () => {
    await server.ok("PUT", `devices/${device()}/config`, { mqtt: { host: "h", port: 1, clientId: "c" } });
    server.links.online.add(device());
    await server.ok("POST", "jobs", { kind: "configure", targets: { deviceIds: [device()] } });
    await nextSent(device());
    expect(server.links.frames.map(({ frame }) => frame.type)).toEqual(["desired", "execute"]);
  });

  it("end with the removal of their device", async () => {
    const { id } = await at([device()]);
    await server.ok("DELETE", `devices/${device()}`);
    await server.app.get(Reconciler).reconcile();
    expect((await job(id)).status).toBe("COMPLETED");
  });

  it("have short forms for one device", async () => {
    for (const kind of ["reconnect", "restart", "probe"]) {
      const answer = await server.request("POST", `devices/${device()}/${kind}`);
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ kind, counts: { queued: 1 } });
      expect((await server.request("POST", `devices/${randomUUID()}/${kind}`)).status).toBe(404);
    }
  });

  it("are listed newest first, page by page", async () => {
    const made = [await at([device()]), await at([device()]), await at([device()])];
    const first = await server.ok("GET", "jobs?limit=2");
    const second = await server.ok("GET", `jobs?limit=2&cursor=${first.next}`);
    expect([...first.items, ...second.items].map(({ id }: { id: string }) => id)).toEqual(
      made.map(({ id }) => id).reverse(),
    );
    const { id } = await at(deviceIds);
    const page = await server.ok("GET", `jobs/${id}/executions?limit=2`);
    const rest = await server.ok("GET", `jobs/${id}/executions?limit=2&cursor=${page.next}`);
    expect([...page.items, ...rest.items].map(({ deviceId }: { deviceId: string }) => deviceId)).toEqual(deviceIds);
    expect(rest.next).toBeNull();
    expect((await server.request("GET", "jobs?cursor=x")).status).toBe(422);
    expect((await server.request("GET", `jobs/${id}/executions?cursor=x`)).status).toBe(422);
    expect((await server.request("GET", `jobs/${randomUUID()}/executions`)).status).toBe(404);
  });

  it("are refused by field, and nothing is created", async () => {
    const unknown = randomUUID();
    const paths = async (body: object) => {
      const answer = await server.request("POST", "jobs", body);
      expect(answer.status).toBe(422);
      return answer.body.errors.map(({ path }: { path: string }) => path).sort();
    };
    const targets = { deviceIds: [device()] };
    expect(await paths({ kind: "probe", targets: { deviceIds: [device(), unknown] } })).toEqual([
      "targets.deviceIds.1",
    ]);
    expect(await paths({ kind: "probe", targets: { deviceIds: [device(), device()] } })).toEqual([
      "targets.deviceIds.1",
    ]);
    expect(await paths({ kind: "at", targets })).toEqual(["steps"]);
    expect(await paths({ kind: "probe", targets, steps: [{ command: "AT" }] })).toEqual(["steps"]);
    expect(
      await paths({ kind: "x", targets: { deviceIds: [] }, timeoutS: 0, expiresAt: "2020-01-01T00:00:00Z", y: 1 }),
    ).toEqual(["expiresAt", "kind", "targets.deviceIds", "timeoutS", "y"]);
    for (const command of ["AT\rATZ", "AT\nATZ", "AT\u0000", "AT;+CFUN=0", "ATä", "+CSQ", ""])
      expect(await paths({ kind: "at", targets, steps: [{ command }] })).toContain("steps.0.command");
    expect((await server.ok("GET", "jobs")).items).toEqual([]);
  });
}
