import { jobSchema } from "@mn316-fleet/contracts";
import type { ExecuteFrame } from "@mn316-fleet/protocol";
import { eventually, findTestRedis } from "@mn316-fleet/testkit";
import { Expansion } from "../jobs/expansion";
import type { Settings } from "../platform/settings/settings";
import { JobsUnderTest } from "../test-support/jobs-under-test";

const redis = await findTestRedis();

describe("rollouts over postgres", () => suite({}));
(redis ? describe : describe.skip)("rollouts over redis", () => {
  suite({ redisUrl: redis?.url, ...(redis && { redisPrefix: redis.prefix }) });
  afterAll(() => redis?.clean());
});

function suite(settings: Partial<Settings>): void {
  let jobs: JobsUnderTest;
  beforeAll(async () => {
    jobs = await JobsUnderTest.start(settings);
  }, 60_000);
  beforeEach(() => jobs.clear());
  afterAll(() => jobs.stop());

  const byTag = (tag = "t") => ({ selector: { tags: [tag] } });
  const succeed = (frame: ExecuteFrame) => jobs.answer(frame, { status: "SUCCEEDED" });
  const fail = (frame: ExecuteFrame) => jobs.answer(frame, { status: "FAILED", error: "step 1 was answered ERROR" });
  const counts = async (id: string) => (await jobs.job(id)).counts;
  const untilStatus = (id: string, status: string) =>
    eventually(async () => {
      const job = await jobs.job(id);
      expect(job.status).toBe(status);
      return job;
    });

  describe("targets", () => {
    it("are all devices that a selector chooses when the job is made, in the fleet's order", async () => {
      const chosen = await jobs.addDevices(3);
      await jobs.addDevices(2, "other");
      await jobs.arrive(chosen[1]!);
      const job = await jobs.create({ targets: byTag() });
      expect(jobSchema.parse(job)).toEqual(job);
      await eventually(async () => {
        expect(await jobs.job(job.id)).toMatchObject({
          targets: { mode: "snapshot", selector: { tags: ["t"] }, isExpanded: true },
          counts: { queued: 2, sent: 1 },
        });
      });
      expect((await jobs.executions(job.id)).map(({ deviceId }) => deviceId)).toEqual(chosen);
      await jobs.server.ok("POST", "devices", { name: "later", tags: ["t"] });
      await jobs.reconcile();
      expect(await jobs.executions(job.id)).toHaveLength(3);
    });

    it("join a continuous job as they come to match, until it ends", async () => {
      const [first, other] = [(await jobs.addDevices(1))[0]!, (await jobs.addDevices(1, "other"))[0]!];
      await jobs.arrive(first, other);
      const { id } = await jobs.create({ targets: { ...byTag(), mode: "continuous" } });
      await succeed((await jobs.untilSent(1))[0]!);
      await jobs.reconcile();
      expect((await jobs.job(id)).status).toBe("ROLLING_OUT");
      await jobs.server.ok("PATCH", `devices/${other}`, { tags: ["t"] });
      await jobs.reconcile();
      await succeed((await jobs.untilSent(2))[1]!);
      expect(await counts(id)).toMatchObject({ succeeded: 2 });
      await jobs.query("UPDATE job SET expires_at = now()");
      await jobs.reconcile();
      expect((await jobs.job(id)).status).toBe("COMPLETED");
    });

    it("get one execution each, whoever expands the job, how often, and wherever it was left", async () => {
      await jobs.addDevices(12_000);
      const expansion = jobs.server.app.get(Expansion);
      const { id } = await jobs.create({ targets: byTag() });
      await Promise.all([expansion.expand(id), expansion.expand(id)]);
      const whole = async () => {
        expect(await jobs.job(id)).toMatchObject({ targets: { isExpanded: true }, counts: { queued: 12_000 } });
      };
      await whole();
      // A worker that died behind its first page.
      await jobs.query(
        `WITH cut AS (SELECT position, device_id FROM execution ORDER BY position LIMIT 1 OFFSET 4999)
         UPDATE job SET expanded_at = NULL, expanded_to = d.id, expanded_to_at = d.created_at
           FROM cut JOIN device d ON d.id = cut.device_id`,
      );
      await jobs.query("DELETE FROM execution WHERE position > (SELECT min(position) + 4999 FROM execution)");
      expect(await counts(id)).toMatchObject({ queued: 5_000 });
      await jobs.reconcile();
      await whole();
    }, 60_000);

    it("that are no longer chosen, or are to get the same later, are not sent what waited", async () => {
      const [gone, kept] = await jobs.addDevices(2);
      const first = await jobs.create({ kind: "probe", steps: undefined, targets: byTag() });
      await eventually(async () => expect((await jobs.job(first.id)).counts.queued).toBe(2));
      const second = await jobs.create({ kind: "probe", steps: undefined, targets: { deviceIds: [kept!] } });
      await jobs.server.ok("PATCH", `devices/${gone}`, { tags: [] });
      await jobs.query("UPDATE execution SET released_at = now() - interval '1 minute'");
      await jobs.arrive(gone!, kept!);
      expect((await jobs.untilSent(1))[0]!.job.id).toBe(second.id);
      await untilStatus(first.id, "COMPLETED");
      const errors = Object.fromEntries((await jobs.executions(first.id)).map((each) => [each.deviceId, each]));
      expect(errors[gone!]).toMatchObject({ status: "CANCELED", error: expect.stringContaining("selector") });
      expect(errors[kept!]).toMatchObject({ status: "CANCELED", error: expect.stringContaining(second.id) });
    });
  });

  describe("the release of executions", () => {
    it("keeps to a bound of devices at work, and lets nobody wait for one that is away", async () => {
      const devices = await jobs.addDevices(6);
      await jobs.arrive(...devices.slice(1));
      const { id } = await jobs.create({ targets: { deviceIds: devices }, rollout: { concurrent: 2 } });
      const [one, two] = await jobs.untilSent(2);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(jobs.sent()).toHaveLength(2);
      await succeed(one!);
      await jobs.untilSent(3);
      await fail(two!);
      await jobs.untilSent(4);
      await jobs.arrive(devices[0]!);
      for (const count of [5, 6]) {
        await succeed(jobs.sent()[count - 3]!);
        await jobs.untilSent(count);
        expect(await counts(id)).toMatchObject({ sent: 2 });
      }
      for (const frame of jobs.sent().slice(-2)) await succeed(frame);
      expect(await untilStatus(id, "COMPLETED")).toMatchObject({ counts: { succeeded: 5, failed: 1 } });
    });

    it("gives the place of a device that went away to another", async () => {
      const [away, here] = await jobs.addDevices(2);
      await jobs.arrive(away!, here!);
      const { id } = await jobs.create({ targets: byTag(), rollout: { concurrent: 1 } });
      const [frame] = await jobs.untilSent(1, away);
      await jobs.leave(away!);
      await jobs.query("UPDATE execution SET sent_at = now() - interval '11 s' WHERE sent_at IS NOT NULL");
      await jobs.reconcile();
      await succeed((await jobs.untilSent(1, here))[0]!);
      // What it did do after all is believed.
      await succeed(frame!);
      expect(await untilStatus(id, "COMPLETED")).toMatchObject({ counts: { succeeded: 2 } });
    });

    it("keeps its rate within a tenth", async () => {
      const devices = await jobs.addDevices(41);
      await jobs.arrive(...devices);
      await jobs.create({ targets: { deviceIds: devices }, rollout: { perMinute: 600 } });
      await jobs.untilSent(41, undefined, 20_000);
      const [{ seconds }] = await jobs.query(
        "SELECT extract(epoch FROM max(released_at) - min(released_at))::float8 AS seconds FROM execution",
      );
      expect(seconds).toBeGreaterThan(4 * 0.9);
      expect(seconds).toBeLessThan(4 * 1.1 + 0.2);
    }, 30_000);

    it("goes on behind canaries that did well, after its wait", async () => {
      const devices = await jobs.addDevices(5);
      await jobs.arrive(...devices);
      const { id } = await jobs.create({ targets: byTag(), rollout: { canary: { devices: 2, waitS: 1 } } });
      const canaries = await jobs.untilSent(2);
      const began = Date.now();
      for (const frame of canaries) await succeed(frame);
      const others = (await jobs.untilSent(5)).slice(2);
      expect(Date.now() - began).toBeGreaterThanOrEqual(1_000);
      for (const frame of others) await succeed(frame);
      await untilStatus(id, "COMPLETED");
    });

    it("ends with a canary that failed", async () => {
      await jobs.arrive(...(await jobs.addDevices(5)));
      const { id } = await jobs.create({ targets: byTag(), rollout: { canary: { devices: 2 } } });
      const [one, two] = await jobs.untilSent(2);
      await succeed(one!);
      await fail(two!);
      expect(await untilStatus(id, "ABORTED")).toMatchObject({
        reason: "1 of 2 canaries failed or timed out",
        counts: { succeeded: 1, failed: 1, canceled: 3 },
      });
    });

    it("ends within one bound of devices when too many failed", async () => {
      await jobs.arrive(...(await jobs.addDevices(30)));
      const abort = { failedPercent: 50, minExecuted: 4 };
      const { id } = await jobs.create({ targets: byTag(), rollout: { concurrent: 3, abort } });
      let answered = 0;
      await eventually(async () => {
        const next = jobs.sent()[answered];
        if (next) await (answered++ % 2 === 0 ? fail(next) : succeed(next));
        expect((await jobs.job(id)).status).toBe("ABORTED");
      });
      const { reason, counts } = await jobs.job(id);
      expect(reason).toMatch(/^\d+ of \d+ executions failed or timed out$/);
      const gone = 30 - counts.canceled;
      expect(gone).toBeGreaterThanOrEqual(4);
      expect(gone).toBeLessThanOrEqual(4 + 3);
      for (const frame of jobs.sent().slice(answered)) await succeed(frame);
      expect((await jobs.job(id)).counts).toMatchObject({ queued: 0, sent: 0, running: 0 });
    }, 30_000);

    it("comes to its end though the connections to PostgreSQL are cut at whatever it does", async () => {
      await jobs.arrive(...(await jobs.addDevices(30)));
      const { id } = await jobs.create({ targets: byTag(), rollout: { concurrent: 10 } });
      const answered = new Set<string>();
      await eventually(
        async () => {
          await jobs.cutConnections();
          for (const frame of jobs.sent().filter(({ execution }) => !answered.has(execution))) {
            await succeed(frame);
            answered.add(frame.execution);
          }
          // What was claimed when its connection went, and never sent.
          await jobs.query("UPDATE execution SET sent_at = now() - interval '11 s' WHERE status = 'SENT'");
          await jobs.reconcile();
          expect((await jobs.job(id)).status).toBe("COMPLETED");
        },
        { timeoutMs: 40_000, everyMs: 200 },
      );
      expect(await counts(id)).toMatchObject({ succeeded: 30 });
      expect(new Set(jobs.sent().map(({ attempt }) => attempt))).toEqual(new Set([1]));
    }, 60_000);

    it("stops while the job is paused, and goes on when it is resumed", async () => {
      const [first, second] = await jobs.addDevices(2);
      await jobs.arrive(first!);
      const { id } = await jobs.create({ targets: byTag() });
      await jobs.untilSent(1);
      expect(await jobs.server.ok("POST", `jobs/${id}/pause`)).toMatchObject({ isPaused: true, status: "ROLLING_OUT" });
      expect((await jobs.server.request("POST", `jobs/${id}/pause`)).status).toBe(409);
      await jobs.arrive(second!);
      await jobs.reconcile();
      expect(jobs.sent(second)).toHaveLength(0);
      expect(await jobs.server.ok("POST", `jobs/${id}/resume`)).toMatchObject({ isPaused: false });
      expect((await jobs.server.request("POST", `jobs/${id}/resume`)).status).toBe(409);
      await jobs.untilSent(1, second);
      await jobs.server.ok("POST", `jobs/${id}/cancel`);
      expect((await jobs.server.request("POST", `jobs/${id}/pause`)).status).toBe(409);
    });

    it("of a job that is held back keeps no other job's from the device", async () => {
      const [device] = await jobs.addDevices(1);
      await jobs.arrive(device!);
      const paused = await jobs.create({
        targets: { deviceIds: [device!] },
        startAt: inS(3_600),
        expiresAt: inS(7_200),
      });
      const urgent = await jobs.create({ targets: { deviceIds: [device!] } });
      expect((await jobs.untilSent(1))[0]!.job.id).toBe(urgent.id);
      expect(await jobs.job(paused.id)).toMatchObject({ status: "SCHEDULED", counts: { queued: 1 } });
    });
  });

  describe("time", () => {
    it("holds a job back until its start", async () => {
      await jobs.arrive(...(await jobs.addDevices(2)));
      const startAt = inS(1.5);
      const { id } = await jobs.create({ targets: byTag(), startAt });
      expect(await jobs.job(id)).toMatchObject({ status: "SCHEDULED", startAt });
      await jobs.untilSent(2);
      expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(startAt));
      expect((await jobs.job(id)).status).toBe("ROLLING_OUT");
    });

    it("makes one run of a recurring job each time it comes", async () => {
      await jobs.arrive(...(await jobs.addDevices(2)));
      const schedule = { cron: "0 3 * * *", timeZone: "Asia/Shanghai", lifetimeS: 600 };
      const recurring = await jobs.create({ targets: byTag(), schedule });
      expect(jobSchema.parse(recurring)).toEqual(recurring);
      expect(recurring).toMatchObject({ status: "SCHEDULED", schedule, counts: { queued: 0 } });
      expect(new Date(recurring.nextRunAt).getUTCHours()).toBe(19);
      await jobs.query("UPDATE job SET next_run_at = now() - interval '3 days'");
      await Promise.all([jobs.reconcile(), jobs.reconcile()]);
      await jobs.reconcile();
      await jobs.untilSent(2);
      const runs = (await jobs.server.ok("GET", `jobs?scheduleId=${recurring.id}`)).items;
      expect(runs).toMatchObject([{ scheduleId: recurring.id, status: "ROLLING_OUT", counts: { sent: 2 } }]);
      expect(Date.parse(runs[0].expiresAt) - Date.parse(runs[0].createdAt)).toBeCloseTo(600_000, -4);
      const { nextRunAt } = await jobs.job(recurring.id);
      expect(Date.parse(nextRunAt)).toBeGreaterThan(Date.now());
      expect(await jobs.server.ok("POST", `jobs/${recurring.id}/cancel`)).toMatchObject({ status: "CANCELED" });
      await jobs.reconcile();
      expect((await jobs.server.ok("GET", `jobs?scheduleId=${recurring.id}`)).items).toHaveLength(1);
    });

    it("lets a device be reached in the hours of maintenance of its own clock only", async () => {
      const [here, far] = await jobs.addDevices(2);
      await jobs.server.ok("PATCH", `devices/${far}`, { timeZone: "Pacific/Kiritimati" });
      await jobs.arrive(here!, far!);
      const time = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
      const { id } = await jobs.create({ targets: byTag(), window: { from: time(-1), to: time(1) } });
      await jobs.untilSent(1, here);
      await jobs.reconcile();
      expect(jobs.sent(far)).toHaveLength(0);
      await jobs.server.ok("PATCH", `devices/${far}`, { timeZone: null });
      await jobs.reconcile();
      await jobs.untilSent(1, far);
      expect(await counts(id)).toMatchObject({ sent: 2 });
    });
  });

  describe("another attempt", () => {
    it("follows a failure, later each time, and tells of those before", async () => {
      await jobs.arrive(...(await jobs.addDevices(1)));
      const { id } = await jobs.create({ targets: byTag(), retries: 2, backoffS: 1 });
      const [first] = await jobs.untilSent(1);
      const step = { step: 0, command: "AT+CSQ", result: "ERROR", output: ["a"], ms: 1 };
      await jobs.answer(first!, { status: "FAILED", error: "step 1 was answered ERROR", ...step });
      const [waiting] = await jobs.executions(id);
      expect(waiting).toMatchObject({ status: "QUEUED", attempt: 2, steps: [], error: "step 1 was answered ERROR" });
      expect(Date.parse(waiting.notBefore) - Date.now()).toBeLessThanOrEqual(1_000);
      const [, second] = await jobs.untilSent(2);
      expect(second).toMatchObject({ execution: first!.execution, attempt: 2 });
      await fail(first!); // of an attempt that is past
      await fail(second!);
      const [, , third] = await jobs.untilSent(3);
      await succeed(third!);
      const [done] = await jobs.executions(id);
      expect(done).toMatchObject({
        status: "SUCCEEDED",
        attempt: 3,
        former: [
          { attempt: 1, status: "FAILED", steps: [{ command: "AT+CSQ", result: "ERROR", output: ["a"] }] },
          { attempt: 2, status: "FAILED", steps: [] },
        ],
      });
      expect(done).not.toHaveProperty("error");
      expect((await jobs.job(id)).status).toBe("COMPLETED");
    }, 30_000);

    it("follows a silence only where doing it twice does no harm", async () => {
      const [once, twice] = await jobs.addDevices(2);
      await jobs.arrive(once!, twice!);
      const one = await jobs.create({ targets: { deviceIds: [once!] }, retries: 1, backoffS: 1 });
      const two = await jobs.create({ targets: { deviceIds: [twice!] }, retries: 1, backoffS: 1, repeatable: true });
      for (const frame of await jobs.untilSent(2)) await jobs.answer(frame, { status: "RUNNING" });
      await jobs.query("UPDATE execution SET begun_at = now() - interval '10 minutes'");
      await jobs.reconcile();
      expect((await jobs.executions(one.id))[0]).toMatchObject({ status: "TIMED_OUT", attempt: 1 });
      expect((await jobs.executions(two.id))[0]).toMatchObject({ attempt: 2, former: [{ status: "TIMED_OUT" }] });
      const [, again] = await eventually(async () => {
        await jobs.reconcile();
        return jobs.untilSent(2, twice, 0);
      });
      await jobs.answer(again!, { status: "FAILED", error: "interrupted" });
      await untilStatus(two.id, "COMPLETED");
    }, 30_000);

    it("keeps no place of a rollout while it waits, and none is begun when the job ends", async () => {
      const [one, other] = await jobs.addDevices(2);
      await jobs.arrive(one!, other!);
      const { id } = await jobs.create({ targets: byTag(), retries: 1, backoffS: 1, rollout: { concurrent: 1 } });
      await fail((await jobs.untilSent(1, one))[0]!);
      await succeed((await jobs.untilSent(1, other))[0]!);
      const [, again] = await jobs.untilSent(2, one);
      await jobs.server.ok("POST", `jobs/${id}/cancel`);
      await fail(again!);
      expect(await jobs.job(id)).toMatchObject({ status: "CANCELED", counts: { queued: 0, failed: 1, succeeded: 1 } });
    });
  });

  describe("a request", () => {
    const post = (body: object, key?: string) =>
      jobs.server.request("POST", "jobs", body, key === undefined ? {} : { "idempotency-key": key });

    it("with a key makes one job however often it comes, also at the same time", async () => {
      const [device] = await jobs.addDevices(1);
      const body = { kind: "probe", targets: { deviceIds: [device!] } };
      const answers = await Promise.all([1, 2, 3].map(() => post(body, "k-1")));
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
      expect(new Set(answers.map(({ body: { id } }) => id)).size).toBe(1);
      const other = await post({ ...body, kind: "reconnect" }, "k-1");
      expect(other.status).toBe(422);
      expect(other.body.errors).toMatchObject([{ path: "Idempotency-Key", rule: "same-request" }]);
      expect((await post(body, "k 1")).body.errors).toMatchObject([{ path: "Idempotency-Key", rule: "format" }]);
      await jobs.query("UPDATE idempotency_key SET created_at = now() - interval '25 hours'");
      const { body: anew } = await post({ ...body, kind: "reconnect" }, "k-1");
      expect(anew.id).not.toBe(answers[0]!.body.id);
      expect((await jobs.server.ok("GET", "jobs")).items).toHaveLength(2);
      // One that was refused left its key free.
      expect((await post({ ...body, targets: byTag("none") }, "k-2")).status).toBe(422);
      expect((await post(body, "k-2")).status).toBe(201);
      const short = await Promise.all(
        [1, 2].map(() =>
          jobs.server.request("POST", `devices/${device}/probe`, undefined, { "idempotency-key": "k-3" }),
        ),
      );
      expect(short[0]!.body.id).toBe(short[1]!.body.id);
    });

    it.each<[what: string, body: object, paths: string[]]>([
      ["a selector that chooses nothing", { targets: byTag("none") }, ["targets.selector"]],
      ["no targets", { targets: {} }, ["targets"]],
      ["two kinds of targets", { targets: { ...byTag(), deviceIds: [crypto.randomUUID()] } }, ["targets.selector"]],
      [
        "a mode without a selector",
        { targets: { deviceIds: [crypto.randomUUID()], mode: "continuous" } },
        ["targets.mode"],
      ],
      ["an empty selector", { targets: { selector: {} } }, ["targets.selector"]],
      [
        "a threshold of none",
        { rollout: { abort: { failedPercent: 0, minExecuted: 1 } } },
        ["rollout.abort.failedPercent"],
      ],
      ["a threshold over all", { rollout: { abort: { failedPercent: 101 } } }, ["rollout.abort.failedPercent"]],
      ["a rate of none", { rollout: { perMinute: 0 } }, ["rollout.perMinute"]],
      ["a bound of none", { rollout: { concurrent: 0 } }, ["rollout.concurrent"]],
      ["growth without a rate", { rollout: { growth: { factor: 2, everyS: 60 } } }, ["rollout.growth"]],
      [
        "growth that shrinks",
        { rollout: { perMinute: 1, growth: { factor: 1, everyS: 60 } } },
        ["rollout.growth.factor"],
      ],
      [
        "a window that is over",
        { window: { from: "02:00", to: "03:00" }, ...until("2099-01-01T04:00:00Z", 3_600) },
        ["window"],
      ],
      ["a window of no time", { window: { from: "02:00", to: "02:00" } }, ["window.to"]],
      ["a time of day that is none", { window: { from: "24:00", to: "2:00" } }, ["window.from", "window.to"]],
      ["a time zone that is none", { window: { from: "02:00", to: "03:00", timeZone: "Mars" } }, ["window.timeZone"]],
      ["a start in the past", { startAt: "2020-01-01T00:00:00Z" }, ["startAt"]],
      ["a start in a far future", { startAt: "2099-01-01T00:00:00Z" }, ["startAt"]],
      ["an end before the start", { startAt: inS(7_200), expiresAt: inS(3_600) }, ["expiresAt"]],
      ["retries without end", { retries: 11 }, ["retries"]],
      ["retries that outlive the job", { retries: 5, timeoutS: 600, expiresAt: inS(600) }, ["retries"]],
      ["a wait of none", { backoffS: 0 }, ["backoffS"]],
      ["a repeatable probe", { kind: "probe", steps: undefined, repeatable: true }, ["repeatable"]],
      ["a cron that is none", { schedule: { cron: "61 * * * *" } }, ["schedule.cron"]],
      ["a cron of seconds", { schedule: { cron: "* * * * * *" } }, ["schedule.cron"]],
      ["a cron that never comes", { schedule: { cron: "0 0 30 2 *" } }, ["schedule.cron"]],
      ["a schedule beside a start", { schedule: { cron: "0 3 * * *" }, startAt: inS(3_600) }, ["startAt"]],
      ["a pattern that is none", { steps: [{ command: "AT", expect: "/(/" }] }, ["steps.0.expect"]],
      ["a command over length", { steps: [{ command: `AT+${"A".repeat(1_022)}` }] }, ["steps.0.command"]],
      ["an unknown field", { rollout: { perHour: 1 }, colour: "red" }, ["colour", "rollout.perHour"]],
    ])("with %s is refused by field, and nothing is created", async (_what, body, paths) => {
      const [device] = await jobs.addDevices(1);
      const whole = { kind: "at", steps: [{ command: "AT" }], targets: { deviceIds: [device!] }, ...body };
      const answer = await post(whole, "k-bad");
      expect([answer.status, answer.body.errors?.map(({ path }: { path: string }) => path).sort()]).toEqual([
        422,
        paths,
      ]);
      expect((await jobs.server.ok("GET", "jobs")).items).toEqual([]);
    });
  });
}

function inS(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString();
}

/** A start tomorrow at that time of day, and an end so much later. */
function until(startAt: string, lifetimeS: number): { startAt: string; expiresAt: string } {
  const start = new Date(Date.now() + 86_400_000);
  start.setUTCHours(new Date(startAt).getUTCHours(), 0, 0, 0);
  return { startAt: start.toISOString(), expiresAt: new Date(start.getTime() + lifetimeS * 1_000).toISOString() };
}
