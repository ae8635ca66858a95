import type { KnownModuleState as State } from "@mn316-fleet/manual";
import type { Cause } from "@mn316-fleet/protocol";
import { createTestDatabase } from "@mn316-fleet/testkit";
import { FleetServer } from "../../test-support/fleet-server";
import { type NumberedEvent, TestAgent } from "../../test-support/test-agent";

export const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
export const iso = (ms: number) => new Date(ms).toISOString();

/** A fleet that questions are asked about: each test's devices have a tag of their own, and had their day some hours ago. */
export class AskedFleet {
  /** The whole hour that is three hours ago. */
  readonly hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS;
  readonly range = `from=${iso(this.hour)}&to=${iso(this.hour + 2 * HOUR_MS)}`;
  readonly agents: TestAgent[] = [];
  private tags = 0;

  private constructor(
    readonly server: FleetServer,
    private readonly drop: () => Promise<void>,
  ) {}

  static async start(): Promise<AskedFleet> {
    const database = await createTestDatabase();
    return new AskedFleet(await FleetServer.start(database.url), () => database.drop());
  }

  async stop(): Promise<void> {
    await this.startOver();
    await this.server.stop();
    await this.drop();
  }

  get tag(): string {
    return `t-${this.tags}`;
  }

  /** Leaves the devices of before to themselves. */
  async startOver(): Promise<void> {
    this.tags++;
    for (const agent of this.agents.splice(0)) await agent.vanish();
  }

  /** A device whose agent brings these events, and stays connected. */
  async device(events: NumberedEvent[], fields: object = {}, firmware = "1.0"): Promise<string> {
    const { server } = this;
    const { id, token } = await server.createDevice({ tags: [this.tag], ...fields });
    const createdAt = iso(this.hour - HOUR_MS);
    await server.database.pool.query("UPDATE device SET created_at = $1 WHERE id = $2", [createdAt, id]);
    const agent = await TestAgent.connect(server.url, token, { module: { firmware } });
    this.agents.push(agent);
    const last = events.at(-1);
    if (last) {
      agent.events(events);
      await agent.acked(last.seq);
    }
    return id;
  }

  /** Asks about the test's devices, in the two hours. */
  ask(question: string, query = "") {
    return this.server.ok("GET", `analytics/${question}?tag=${this.tag}&${this.range}${query && `&${query}`}`);
  }

  /** The moment so many minutes behind the whole hour. */
  at(minute: number): number {
    return Math.round(this.hour + minute * MINUTE_MS);
  }

  change(seq: number, minute: number, from: State, to: State, since: number, cause: Cause): NumberedEvent {
    return { seq, at: this.at(minute), kind: "state", from, to, since: this.at(since), cause };
  }

  timeout(seq: number, minute: number, type: number): NumberedEvent {
    return { seq, at: this.at(minute), kind: "timeout", type };
  }

  signal(seq: number, minute: number, rssi: number, cell = "0C5A"): NumberedEvent {
    return { seq, at: this.at(minute), kind: "signal", rssi, ber: 0, cell };
  }

  /** Lost three times by missing heart-beats, for ten minutes each. */
  losses(): NumberedEvent[] {
    return [
      this.signal(1, 0, 20),
      this.change(2, 5, "initialized", "tcp-connecting", 0, "requested"),
      this.change(3, 5.5, "tcp-connecting", "connected", 5, "requested"),
      ...[0, 1, 2].flatMap((time): NumberedEvent[] => {
        const [seq, minute] = [4 + 6 * time, 20 + 20 * time];
        return [
          ...[0, 1, 2].map((loss) => this.timeout(seq + loss, minute - 2 + loss, 5)),
          this.change(seq + 3, minute, "connected", "reconnecting", time === 0 ? 5.5 : minute - 10, "heartbeat-lost"),
          this.change(seq + 4, minute + 5, "reconnecting", "disconnected", minute, "heartbeat-lost"),
          this.change(seq + 5, minute + 10, "disconnected", "connected", minute + 5, "requested"),
        ];
      }),
    ];
  }
}
