import { Redis } from "ioredis";
import type { Logger } from "pino";
import { Subscriptions } from "./subscriptions";
import { Signals } from "./signals";

/** A signal waits for Redis no longer than one attempt to connect again: nobody waits for a signal. */
const RETRIES = 1;

/** Signals over Redis' publish and subscribe. */
export class RedisSignals extends Signals {
  private readonly publisher: Redis;
  private readonly subscriber: Redis;
  private readonly subscriptions = new Subscriptions();
  private readonly prefix: string;

  /** @param fleet begins the channels' names: the databases of one Redis share their channels */
  constructor(
    url: string,
    fleet: string,
    private readonly logger: Logger,
  ) {
    super();
    this.prefix = `${fleet}:signal:`;
    const connectionName = `${fleet}-signals`;
    this.publisher = new Redis(url, { connectionName, maxRetriesPerRequest: RETRIES });
    // Subscribes again by itself after a reconnect, however long that takes.
    this.subscriber = new Redis(url, { connectionName, maxRetriesPerRequest: null });
    for (const redis of [this.publisher, this.subscriber])
      redis.on("error", (error) => {
        logger.warn({ reason: error.message }, "Redis unreachable for signals");
      });
    this.subscriber.on("message", (channel, message) => {
      this.subscriptions.deliver(channel.slice(this.prefix.length), JSON.parse(message));
    });
  }

  async publish(channel: string, payload: unknown): Promise<void> {
    try {
      await this.publisher.publish(this.prefix + channel, JSON.stringify(payload));
    } catch (error) {
      this.logger.warn({ channel, reason: (error as Error).message }, "signal not sent");
    }
  }

  async subscribe(channel: string, handler: (payload: unknown) => void): Promise<() => Promise<void>> {
    this.subscriptions.add(channel, handler);
    await this.subscriber.subscribe(this.prefix + channel);
    return async () => {
      if (this.subscriptions.remove(channel, handler)) await this.subscriber.unsubscribe(this.prefix + channel);
    };
  }

  close(): void {
    this.publisher.disconnect();
    this.subscriber.disconnect();
  }
}
