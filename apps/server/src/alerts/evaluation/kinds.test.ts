import { randomUUID } from "node:crypto";
import { AlertsUnderTest } from "../../test-support/alerts-under-test";

const HOUR_MIN = 60;

describe("an alert rule of kind", () => {
  let fleet: AlertsUnderTest;
  beforeEach(async () => {
    fleet = await AlertsUnderTest.start();
  });
  afterEach(async () => {
    await fleet.stop();
  });
  let seq = 0;
  /** That the module was in a state from so many minutes after the test's begin to so many. */
  const spell = (id: string, state: string, began: number, ended: number) =>
    fleet.sql(
      `INSERT INTO connection_interval (device_id, epoch, seq, state, began, ended, cause)
       VALUES ($1, 1, $2, $3, $4, $5, 'heartbeat-lost')`,
      [id, ++seq, state, fleet.at(began), fleet.at(ended)],
    );
  const away = (id: string) => fleet.link([id], false, -30);

  it("availability goes by known time, and passes over what is hardly known", async () => {
    await fleet.rule({ name: "a", kind: "availability", params: { underPercent: 90, overS: 10_800 }, clearAfterS: 0 });
    const [bad, good, unknown] = [await fleet.device(), await fleet.device(), await fleet.device()];
    for (const id of [bad, good, unknown]) await away(id);
    await spell(bad, "connected", -400, -130); // 50 minutes of it within the window
    await spell(bad, "disconnected", -130, -120);
    await spell(bad, "unknown", -120, -30);
    await spell(good, "disconnected", -400, -180); // before the window
    await spell(good, "connected", -180, -125);
    await spell(good, "reconnecting", -125, -120);
    await spell(unknown, "disconnected", -20, -19);
    await fleet.look(0);
    expect(await fleet.alerts()).toMatchObject([
      { deviceId: bad, summary: { code: "availability", params: { percent: 83.3 } } },
    ]);
    // What still lasts counts, too: a module that is connected now brings the share up.
    await fleet.link([bad], true, 0);
    await fleet.module(bad, "connected", 0);
    await fleet.look(60);
    expect(await fleet.alerts()).toEqual([]);
  });

  it("availability neither fires nor clears by time that nobody knows", async () => {
    await fleet.rule({ name: "a", kind: "availability", params: { underPercent: 90, overS: 3_600 }, clearAfterS: 0 });
    const id = await fleet.device();
    await away(id);
    await spell(id, "disconnected", -55, -5);
    await fleet.look(0);
    expect(await fleet.alerts()).toHaveLength(1);
    await fleet.look(24 * HOUR_MIN);
    expect(await fleet.alerts()).toHaveLength(1);
  });

  it("flapping counts how often a module left `connected` within the window", async () => {
    await fleet.rule({ name: "f", kind: "flapping", params: { disconnects: 3, withinS: 3_600 }, clearAfterS: 0 });
    const [bad, good, long] = [await fleet.device(), await fleet.device(), await fleet.device()];
    const left = (id: string, minutes: number, state = "connected") => spell(id, state, minutes - 1, minutes);
    for (const minutes of [-50, -30, -10]) await left(bad, minutes);
    for (const minutes of [-50, -10]) await left(good, minutes);
    for (const minutes of [-40, -30, -20]) await left(good, minutes, "reconnecting");
    for (const minutes of [-90, -80, -70]) await left(long, minutes);
    await fleet.look(0);
    expect(await fleet.alerts()).toMatchObject([
      { deviceId: bad, summary: { code: "flapping", params: { disconnects: 3 } } },
    ]);
    await fleet.link([bad], false, 5);
    await fleet.look(20);
    expect(await fleet.alerts()).toHaveLength(1); // nobody hears the module
    await fleet.link([bad], true, 21);
    await fleet.look(22);
    expect(await fleet.alerts()).toEqual([]);
  });

  it("timeouts compares the rate of one type, or of all", async () => {
    await fleet.rule({ name: "p", kind: "timeouts", params: { type: "ping", perHour: 4 }, clearAfterS: 0 });
    await fleet.rule({ name: "all", kind: "timeouts", params: { type: "any", perHour: 4 }, clearAfterS: 0 });
    const [ping, mixed, few] = [await fleet.device(), await fleet.device(), await fleet.device()];
    const count = (id: string, hoursAgo: number, counts: { ping?: number; connect?: number }) =>
      fleet.sql(
        `INSERT INTO timeout_hour (device_id, hour, ping, connect)
         VALUES ($1, date_trunc('hour', $2::timestamptz - make_interval(hours => $3), 'UTC'), $4, $5)`,
        [id, fleet.at(0), hoursAgo, counts.ping ?? 0, counts.connect ?? 0],
      );
    await count(ping, 0, { ping: 20 });
    await count(mixed, 1, { ping: 4, connect: 10 });
    await count(few, 1, { ping: 2, connect: 1 });
    await count(few, 3, { ping: 100 });
    await fleet.look(0);
    const open = await fleet.alerts();
    const of = (name: string) => open.filter(({ rule }) => rule === name).map(({ deviceId }) => deviceId as string);
    expect(of("p")).toEqual([ping]);
    expect(of("all").sort()).toEqual([ping, mixed].sort());
    expect(open[0].summary.params.perHour).toBeGreaterThan(4);
    await fleet.look(3 * HOUR_MIN);
    expect(await fleet.alerts()).toEqual([]);
  });

  it("config-rolled-back follows how far the device is with its configuration", async () => {
    await fleet.rule({ name: "c", kind: "config-rolled-back", params: {}, clearAfterS: 0 });
    const id = await fleet.device();
    await fleet.sql(
      `INSERT INTO device_config (device_id, version, desired, reported_version, status, reason, updated_at)
       VALUES ($1, 7, '{}', 6, 'rolled-back', 'no connection within 60 s', $2)`,
      [id, fleet.at(-1)],
    );
    await fleet.look(0);
    expect(await fleet.alerts()).toMatchObject([
      {
        deviceId: id,
        since: fleet.at(-1).toISOString(),
        summary: { params: { version: 7, reason: "no connection within 60 s" } },
      },
    ]);
    await fleet.sql("UPDATE device_config SET status = 'applied', reported_version = 7");
    await fleet.look(1);
    expect(await fleet.alerts()).toEqual([]);
  });

  it("job-aborted tells of jobs with a chosen device, those aborted before it was there and long ago excepted", async () => {
    await fleet.rule({
      name: "j",
      kind: "job-aborted",
      params: { openForS: 3_600 },
      selector: { tags: ["north"] },
      clearAfterS: 0,
    });
    const [north, south] = [await fleet.device({ tags: ["north"] }), await fleet.device({ tags: ["south"] })];
    const job = async (deviceId: string) => {
      const id = randomUUID();
      await fleet.sql(
        `INSERT INTO job (id, kind, steps, timeout_s, expires_at, created_by)
         VALUES ($1, 'restart', '[]', 60, now() + interval '1 day', 'test')`,
        [id],
      );
      await fleet.sql("INSERT INTO execution (job_id, device_id) VALUES ($1, $2)", [id, deviceId]);
      return id;
    };
    const abort = (id: string) =>
      fleet.sql("UPDATE job SET status = 'ABORTED', reason = '3 of 10 failed' WHERE id = $1", [id]);
    const [aborted, elsewhere, cancelled] = [await job(north), await job(south), await job(north)];
    await abort(aborted);
    await abort(elsewhere);
    await fleet.sql("UPDATE job SET status = 'CANCELED' WHERE id = $1", [cancelled]);
    await fleet.look(1);
    expect(await fleet.alerts()).toMatchObject([
      {
        jobId: aborted,
        deviceId: null,
        devices: 0,
        summary: { params: { jobKind: "restart", reason: "3 of 10 failed" }, text: expect.stringContaining("3 of 10") },
      },
    ]);
    await fleet.look(63);
    expect(await fleet.alerts()).toEqual([]);
  });
});
