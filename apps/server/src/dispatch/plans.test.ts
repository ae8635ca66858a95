import { JobsStore } from "../jobs/jobs.store";
import { TurnsStore } from "../jobs/turns.store";
import { DevicesStore } from "../devices/devices.store";
import { HOST_FLEET, inFleet } from "../platform/database/fleet-scope";
import { JobsUnderTest } from "../test-support/jobs-under-test";
import { plansOf } from "../test-support/plans";

const DEVICES = 20_000;
const BIG = ["device", "device_state", "device_config", "execution"];

describe("at twenty thousand devices", () => {
  let jobs: JobsUnderTest;
  let ids: string[];
  let open: string;
  beforeAll(async () => {
    jobs = await JobsUnderTest.start({ roles: new Set(["api"] as const) });
    ids = await jobs.addDevices(DEVICES);
    await jobs.query("UPDATE device_state SET online = true, module_state = 'connected' WHERE device_id = ANY ($1)", [
      ids,
    ]);
    await jobs.query("UPDATE device_state SET module_state = 'reconnecting' WHERE device_id = ANY ($1)", [
      ids.slice(0, 20),
    ]);
    await jobs.query("UPDATE device SET tags = '{rare}' WHERE id = ANY ($1)", [ids.slice(100, 120)]);
    await jobs.query("INSERT INTO device_config (device_id, status) SELECT id, 'applied' FROM device");
    await jobs.query("UPDATE device_config SET status = 'rolled-back' WHERE device_id = ANY ($1)", [
      ids.slice(200, 220),
    ]);
    const job = async (status: string) =>
      (
        await jobs.query(
          `INSERT INTO job (kind, status, target_mode, steps, timeout_s, retries, backoff_s, repeatable, expires_at, created_by, expanded_at)
           VALUES ('probe', $1, 'ids', '[]', 60, 0, 1, false, now() + interval '1 day', 't', now()) RETURNING id`,
          [status],
        )
      )[0].id as string;
    for (let n = 0; n < 3; n++)
      await jobs.query(
        "INSERT INTO execution (job_id, device_id, status, ended_at) SELECT $1, id, 'SUCCEEDED', now() FROM device",
        [await job("COMPLETED")],
      );
    open = await job("ROLLING_OUT");
    await jobs.query("INSERT INTO execution (job_id, device_id, released_at) SELECT $1, id, now() FROM device", [open]);
    await jobs.query("VACUUM ANALYZE");
  }, 120_000);
  afterAll(() => jobs.stop());

  const store = <T>(type: new (...args: never[]) => T): T => jobs.server.app.get(type, { strict: false });
  /** No big table is read from end to end, and an index that is named is used. */
  const expectIndexedAsSystem = async (work: () => Promise<unknown>, ...indexes: string[]) => {
    const plans = await plansOf(jobs.server.database.pool, work);
    expect(plans.length).toBeGreaterThan(0);
    expect(plans.flatMap(({ scanned }) => scanned).filter((table) => BIG.includes(table))).toEqual([]);
    expect(plans.flatMap((plan) => plan.indexes)).toEqual(expect.arrayContaining(indexes));
  };

  /** As a request asks. */
  const expectIndexed = (work: () => Promise<unknown>, ...indexes: string[]) =>
    inFleet(HOST_FLEET, () => expectIndexedAsSystem(work, ...indexes));

  it.each<[what: string, query: object, index: string]>([
    ["the first page of all", {}, "device_created_at_id_idx"],
    ["those with a tag that few have", { tag: "rare" }, "device_tags_idx"],
    ["those in a state that few are in", { state: "reconnecting" }, "device_state_module_state_idx"],
    ["those with a configuration that few have", { config: "rolled-back" }, "device_config_shown_status_idx"],
  ])("the list of devices finds %s by an index", async (_what, query, index) => {
    await expectIndexed(() => store(DevicesStore).list({ ...query, limit: 50 }, null, undefined), index);
  });

  it("the list of devices goes on by its index", async () => {
    const after = [Date.now() - 60_000, ids[0]!] as const;
    await expectIndexed(() => store(DevicesStore).list({ limit: 50 }, null, after), "device_created_at_id_idx");
  });

  it("the turns of fifty devices are found and claimed by indexes", async () => {
    const turns = store(TurnsStore);
    const some = ids.slice(5_000, 5_050);
    await expectIndexedAsSystem(() => turns.heads(some, 10), "execution_waiting_idx");
    await expectIndexedAsSystem(() => turns.waiting(ids.slice(5_000, 6_000)), "execution_waiting_idx");
    const heads = await turns.heads(some, 10);
    await expectIndexedAsSystem(() => turns.claim(heads.map(({ id }) => id)), "execution_pkey");
  });

  it("a job, its executions and what is to be done for it are found by indexes", async () => {
    await expectIndexed(() => store(JobsStore).find(open));
    await expectIndexed(() => store(JobsStore).list({ limit: 50 }, undefined));
    await expectIndexed(
      () => store(JobsStore).executions(open, { limit: 50 }, undefined),
      "execution_job_id_position_idx",
    );
    await expectIndexed(() => store(JobsStore).executions(open, { limit: 50, status: "FAILED" }, undefined));
    await expectIndexedAsSystem(() => store(JobsStore).toAdvance());
  });
});
