import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { OwnRedis } from "./own-redis";

/** What a server runs on. */
export interface Services {
  readonly name: string;
  /** Starts them; gives the settings that name them. */
  start(): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

const embedded: Services = {
  name: "its embedded services",
  start: () => Promise.resolve({}),
  stop: () => Promise.resolve(),
};

class NamedServices implements Services {
  readonly name = "the PostgreSQL and Redis that its settings name";
  private readonly redis = new OwnRedis();
  private database: TestDatabase | undefined;

  async start(): Promise<Record<string, string>> {
    this.database = await createTestDatabase();
    await this.redis.start();
    return { DATABASE_URL: this.database.url, REDIS_URL: this.redis.url };
  }

  async stop(): Promise<void> {
    await this.redis.kill();
    await this.database?.drop();
  }
}

/** Every set that this machine can start; the server must not behave otherwise on one than on another. */
export function serviceSets(): Services[] {
  if (OwnRedis.isInstalled) return [embedded, new NamedServices()];
  if (process.env.CI === "true") throw new Error("redis-server is missing: in CI nothing may be skipped");
  process.stderr.write(
    "skipped: no redis-server on this machine, so the server is tested on its embedded services only\n",
  );
  return [embedded];
}
