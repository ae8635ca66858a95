import type { CreateJobInput } from "@mn316-fleet/contracts";
import type { ExecuteFrame, ExecutionReport } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { Client } from "pg";
import { ConfigsModule } from "../configs/configs.module";
import { DevicesModule } from "../devices/devices.module";
import { DispatchModule } from "../dispatch/dispatch.module";
import { Reconciler } from "../dispatch/reconciler";
import { JobsModule } from "../jobs/jobs.module";
import type { Settings } from "../platform/settings/settings";
import { type HttpAnswer, TestApp } from "./test-app";

const FEATURES = [DevicesModule, ConfigsModule, JobsModule, DispatchModule];
type Body = HttpAnswer["body"];

/** Jobs, their workers and queues on a server whose devices a test plays. */
export class JobsUnderTest {
  private seq = 0;

  private constructor(
    private readonly testDatabase: TestDatabase,
    readonly server: TestApp,
  ) {}

  static async start(settings: Partial<Settings>): Promise<JobsUnderTest> {
    const database = await createTestDatabase();
    return new JobsUnderTest(database, await TestApp.start(FEATURES, database.url, settings));
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.testDatabase.drop();
  }

  /** No devices, no jobs. */
  async clear(): Promise<void> {
    await this.query("DELETE FROM job");
    await this.query("DELETE FROM device");
    this.server.links.online.clear();
    this.server.links.frames.length = 0;
  }

  async query(sql: string, values: unknown[] = []): Promise<Body[]> {
    return (await this.server.database.pool.query(sql, values)).rows;
  }

  /** Adds devices at once, the oldest first. */
  async addDevices(count: number, tag = "t"): Promise<string[]> {
    const rows = await this.query(
      `WITH added AS (
         INSERT INTO device (name, tags, created_at)
         SELECT 'device ' || n, ARRAY[$2], now() - interval '1 day' + n * interval '1 ms' FROM generate_series(1, $1) AS n
         RETURNING id, created_at),
       states AS (INSERT INTO device_state (device_id) SELECT id FROM added)
       SELECT id FROM added ORDER BY created_at`,
      [count, tag],
    );
    return rows.map(({ id }) => id as string);
  }

  /** Devices connect, as far as the gateway's seam and PostgreSQL show it. */
  async arrive(...deviceIds: string[]): Promise<void> {
    await this.query("UPDATE device_state SET online = true WHERE device_id = ANY($1::uuid[])", [deviceIds]);
    await Promise.all(deviceIds.map((deviceId) => this.server.connect(deviceId)));
  }

  async leave(...deviceIds: string[]): Promise<void> {
    await this.query("UPDATE device_state SET online = false WHERE device_id = ANY($1::uuid[])", [deviceIds]);
    for (const deviceId of deviceIds) this.server.links.online.delete(deviceId);
  }

  create(body: Partial<CreateJobInput> & Pick<CreateJobInput, "targets">): Promise<Body> {
    return this.server.ok("POST", "jobs", { kind: "at", steps: [{ command: "AT+CSQ" }], ...body });
  }

  job(id: string): Promise<Body> {
    return this.server.ok("GET", `jobs/${id}`);
  }

  async executions(id: string): Promise<Body[]> {
    return (await this.server.ok("GET", `jobs/${id}/executions?limit=500`)).items as Body[];
  }

  /** The frames that reached devices, the first first. */
  sent(deviceId?: string): ExecuteFrame[] {
    return this.server.links.frames
      .filter(({ deviceId: to, frame }) => frame.type === "execute" && (deviceId === undefined || to === deviceId))
      .map(({ frame }) => frame as ExecuteFrame);
  }

  /** Resolves when so many frames have reached devices. */
  async untilSent(count: number, deviceId?: string, timeoutMs = 10_000): Promise<ExecuteFrame[]> {
    return eventually(
      () => {
        expect(this.sent(deviceId)).toHaveLength(count);
        return this.sent(deviceId);
      },
      { timeoutMs },
    );
  }

  /** A device tells what became of what it was sent. */
  async answer(frame: ExecuteFrame, report: Omit<ExecutionReport, "execution" | "attempt">): Promise<void> {
    const to = this.server.links.frames.find((sent) => sent.frame === frame);
    if (!to) throw new Error("that frame was not sent");
    const { execution, attempt } = frame;
    const event = { kind: "execution" as const, seq: ++this.seq, at: 1, execution, attempt, ...report };
    await this.server.project([{ deviceId: to.deviceId, epoch: 1, receivedAt: new Date(), event }]);
  }

  /** Ends every connection that the server has to its database, whatever it is at. */
  async cutConnections(): Promise<void> {
    const client = new Client({ connectionString: this.testDatabase.url });
    await client.connect();
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'mn316-fleet%'`,
    );
    await client.end();
  }

  reconcile(): Promise<void> {
    return this.server.app.get(Reconciler).reconcile();
  }
}
