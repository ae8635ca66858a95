import { Client, type Pool } from "pg";
import type { Logger } from "pino";
import { endWhenSilent, KEEP_ALIVE } from "../database/lost-connections";
import { Notification, notificationsOf } from "./notification";
import { Signals } from "./signals";
import { Subscriptions } from "./subscriptions";

const CHANNEL = "fleet_signals";
/** Signals that are lost are made up for by others who look for themselves; that must not go on for long. */
const DEAF_AFTER_MS = 20_000;
const CONNECT_WITHIN_MS = 5_000;
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
    private readonly deafAfterMs: number,
  ) {
    super();
  }

  /**
   * @param pool publishes; `url` is listened to
   * @param deafAfterMs a connection on which nothing was said for so long, though it was asked, is lost
   */
  static async open(url: string, pool: Pool, logger: Logger, deafAfterMs = DEAF_AFTER_MS): Promise<PostgresSignals> {
    const signals = new PostgresSignals(url, pool, logger, deafAfterMs);
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
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      ...KEEP_ALIVE,
      application_name: "mn316-fleet signals",
    });
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
    else this.watch(client);
  }

  /** Nothing to hear and a connection that is lost are told apart by asking. */
  private watch(client: Client): void {
    this.client = client;
    endWhenSilent(client, this.deafAfterMs);
    const asking = setInterval(() => {
      client.query("SELECT").catch(() => undefined); // told by error and end
    }, this.deafAfterMs / 2).unref();
    client.once("end", () => {
      clearInterval(asking);
    });
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
