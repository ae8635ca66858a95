import type { WriteAlertRuleInput } from "@mn316-fleet/contracts";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { AlertsModule } from "../alerts/alerts.module";
import { AlertEvaluator } from "../alerts/evaluation/evaluator";
import { DevicesModule } from "../devices/devices.module";
import type { Settings } from "../platform/settings/settings";
import type { HttpAnswer } from "./test-app";
import { TestApp } from "./test-app";

const MINUTE_MS = 60_000;
/** All processes of a fleet have the same. */
export const SECRET_KEY = "ab".repeat(32);
const ADMIN_KEY = `mfk_${"a".repeat(43)}`;

/** The alerts on a database of their own, without workers' timers: the test says when a look is made, and at what time. */
export class AlertsUnderTest {
  readonly apps: TestApp[] = [];
  private devices = 0;

  private constructor(
    private readonly testDatabase: TestDatabase,
    /** When the test began, by the database's clock. */
    readonly begin: Date,
  ) {}

  static async start(changes: Partial<Settings> = {}): Promise<AlertsUnderTest> {
    const testDatabase = await createTestDatabase();
    const alerts = new AlertsUnderTest(testDatabase, new Date());
    await alerts.addApp(changes);
    return alerts;
  }

  /** Another server process on the same database. */
  async addApp(changes: Partial<Settings> = {}): Promise<TestApp> {
    const shared = { roles: new Set(["api"] as const), secretKey: SECRET_KEY, adminKey: ADMIN_KEY };
    const app = await TestApp.start([DevicesModule, AlertsModule], this.testDatabase.url, { ...shared, ...changes });
    this.apps.push(app);
    return app;
  }

  get app(): TestApp {
    const [app] = this.apps;
    if (!app) throw new Error("no app was started");
    return app;
  }

  get databaseUrl(): string {
    return this.testDatabase.url;
  }

  async stop(): Promise<void> {
    for (const app of this.apps) await app.stop();
    await this.testDatabase.drop();
  }

  /** So many minutes after the test's begin. */
  at(minutes: number): Date {
    return new Date(this.begin.getTime() + minutes * MINUTE_MS);
  }

  /** Looks at the rules as if so many minutes had passed. */
  look(minutes: number): Promise<number> {
    return this.app.app.get(AlertEvaluator).evaluate(this.at(minutes));
  }

  sql(text: string, values: unknown[] = []): Promise<{ rows: Record<string, unknown>[] }> {
    return this.app.database.pool.query(text, values);
  }

  rule(fields: Partial<WriteAlertRuleInput> = {}): Promise<HttpAnswer["body"]> {
    return this.app.ok("POST", "alert-rules", {
      name: "offline",
      kind: "device-offline",
      params: { forS: 300 },
      selector: { all: true },
      clearAfterS: 120,
      ...fields,
    });
  }

  /** A device whose agent is connected and whose module is, too. */
  async device(fields: { name?: string; tags?: string[]; cell?: string } = {}): Promise<string> {
    const { cell, ...body } = fields;
    const { id } = (await this.app.ok("POST", "devices", { name: `d${++this.devices}`, ...body })) as { id: string };
    await this.sql(
      `UPDATE device_state SET online = true, link_since = $2, module_state = 'connected', module_since = $2, cell = $3
        WHERE device_id = $1`,
      [id, this.at(-60), cell ?? null],
    );
    return id;
  }

  /** The agents of devices go away, or are back. */
  async link(ids: string[], online: boolean, minutes: number): Promise<void> {
    await this.sql("UPDATE device_state SET online = $2, link_since = $3 WHERE device_id = ANY ($1::uuid[])", [
      ids,
      online,
      this.at(minutes),
    ]);
  }

  async module(id: string, state: string, minutes: number): Promise<void> {
    await this.sql("UPDATE device_state SET module_state = $2, module_since = $3 WHERE device_id = $1", [
      id,
      state,
      this.at(minutes),
    ]);
  }

  async alerts(query = "state=open"): Promise<HttpAnswer["body"][]> {
    return ((await this.app.ok("GET", `alerts?limit=500&${query}`)) as { items: HttpAnswer["body"][] }).items;
  }
}
