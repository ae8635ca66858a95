import { createTestDatabase, findTestRedis, type TestDatabase, type TestRedis } from "@mn316-fleet/testkit";

/** What a server runs on. */
export interface Services {
  readonly name: string;
  /** Prepares them; gives the settings that name them. */
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
  private database: TestDatabase | undefined;

  constructor(private readonly redis: TestRedis) {}

  async start(): Promise<Record<string, string>> {
    this.database = await createTestDatabase();
    const { url, prefix } = this.redis;
    return { DATABASE_URL: this.database.url, REDIS_URL: url, FLEET_REDIS_PREFIX: prefix };
  }

  async stop(): Promise<void> {
    await this.redis.clean();
    await this.database?.drop();
  }
}

/** Every set that this machine has; the server must not behave otherwise on one than on another. */
export async function serviceSets(): Promise<Services[]> {
  const redis = await findTestRedis();
  return redis ? [embedded, new NamedServices(redis)] : [embedded];
}
