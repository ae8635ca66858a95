import { Redis } from "ioredis";
import type { Logger } from "pino";
import { Subscriptions } from "./subscriptions";
import { Signals } from "./signals";

/** Signals over Redis' publish and subscribe. */
export class RedisSignals extends Signals {
  private readonly publisher: Redis;
  private readonly subscriber: Redis;
  private readonly subscriptions = new Subscriptions();

  private readonly prefix: string;

  /** @param fleet begins the channels' names: the databases of one Redis share their channels */
  constructor(url: string, fleet: string, logger: Logger) {
    super();
    const prefix = `${fleet}:signal:`;
    this.prefix = prefix;
    this.publisher = new Redis(url);
    this.subscriber = new Redis(url); // subscribes again by itself after a reconnect
    for (const redis of [this.publisher, this.subscriber])
      redis.on("error", (error) => {
        logger.warn({ reason: error.message }, "Redis unreachable for signals");
      });
    this.subscriber.on("message", (channel, message) => {
      this.subscriptions.deliver(channel.slice(prefix.length), JSON.parse(message));
    });
  }

  async publish(channel: string, payload: unknown): Promise<void> {
    await this.publisher.publish(this.prefix + channel, JSON.stringify(payload));
  }

  async subscribe(channel: string, handler: (payload: unknown) => void): Promise<() => Promise<void>> {
    if (this.subscriptions.add(channel, handler)) await this.subscriber.subscribe(this.prefix + channel);
    return async () => {
      if (this.subscriptions.remove(channel, handler)) await this.subscriber.unsubscribe(this.prefix + channel);
    };
  }

  close(): void {
    this.publisher.disconnect();
    this.subscriber.disconnect();
  }
}
