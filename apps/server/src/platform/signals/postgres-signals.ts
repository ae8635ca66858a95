import { Client, type Pool } from "pg";
import type { Logger } from "pino";
import { Notification, notificationsOf } from "./notification";
import { Signals } from "./signals";
import { Subscriptions } from "./subscriptions";

const CHANNEL = "fleet_signals";
const RETRY_MS = { min: 200, max: 5_000 };

/** Signals over LISTEN and NOTIFY, on a connection of their own. */
export class PostgresSignals extends Signals {
  private readonly subscriptions = new Subscriptions();
  private client: Client | undefined;
  private isClosed = false;

  private constructor(
    private readonly url: string,
    private readonly pool: Pool,
    private readonly logger: Logger,
  ) {
    super();
  }

  /** @param pool publishes; `url` is listened to */
  static async open(url: string, pool: Pool, logger: Logger): Promise<PostgresSignals> {
    const signals = new PostgresSignals(url, pool, logger);
    await signals.listen();
    return signals;
  }

  async publish(channel: string, payload: unknown): Promise<void> {
    try {
      // One statement: PostgreSQL hands on what a transaction notified together and in its order.
      await this.pool.query(
        "SELECT pg_notify($1, part) FROM unnest($2::text[]) WITH ORDINALITY AS p (part, n) ORDER BY n",
        [CHANNEL, notificationsOf({ channel, payload })],
      );
    } catch (error) {
      this.logger.warn({ channel, reason: (error as Error).message }, "signal not sent");
    }
  }

  subscribe(channel: string, handler: (payload: unknown) => void): Promise<() => Promise<void>> {
    this.subscriptions.add(channel, handler);
    return Promise.resolve(() => {
      this.subscriptions.remove(channel, handler);
      return Promise.resolve();
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.client?.end();
  }

  private async listen(): Promise<void> {
    const client = new Client({ connectionString: this.url, keepAlive: true, application_name: "mn316-fleet signals" });
    const notification = new Notification();
    client.on("notification", ({ payload = "" }) => {
      const signal = notification.take(payload);
      if (signal) this.subscriptions.deliver(signal.channel, signal.payload);
    });
    client.on("error", (error) => {
      this.logger.warn({ reason: error.message }, "PostgreSQL unreachable for signals");
    });
    client.on("end", () => {
      if (!this.isClosed && this.client === client) void this.listenAgain();
    });
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    if (this.isClosed) await client.end();
    else this.client = client;
  }

  private async listenAgain(): Promise<void> {
    this.client = undefined;
    for (let delayMs = RETRY_MS.min; !this.isClosed; delayMs = Math.min(delayMs * 2, RETRY_MS.max)) {
      await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
      try {
        await this.listen();
        return;
      } catch {
        continue; // still away: the client's error was logged
      }
    }
  }
}
