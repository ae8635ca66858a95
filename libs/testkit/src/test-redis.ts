import { Redis } from "ioredis";
import { randomBytes } from "node:crypto";

export interface TestRedis {
  url: string;
  /** What the names of the suite's keys and channels begin with, so that suites can share one Redis. */
  prefix: string;
  /** Removes the suite's keys. */
  clean(): Promise<void>;
  /** Ends the connections of that name at Redis' side. */
  cut(connectionName: string): Promise<void>;
}

/**
 * The real Redis of `REDIS_URL` or of the default local port, for one suite.
 * @returns undefined where there is none, after saying so
 * @throws in CI, where nothing may be skipped
 */
export async function findTestRedis(): Promise<TestRedis | undefined> {
  const url = process.env.REDIS_URL ?? "redis://127.0.0.1:6379";
  const prefix = `test-${randomBytes(6).toString("hex")}`;
  if (await answers(url))
    return { url, prefix, clean: () => removeKeys(url, prefix), cut: (name) => killClients(url, name) };
  const message = `no Redis at ${new URL(url).host}`;
  if (process.env.CI === "true") throw new Error(message);
  process.stderr.write(`Skipped: ${message}\n`);
  return undefined;
}

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return true;
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  for await (const keys of redis.scanStream({ match: `*${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>)
    if (keys.length > 0) await redis.unlink(keys);
  await redis.quit();
}

async function killClients(url: string, name: string): Promise<void> {
  const redis = new Redis(url);
  const clients = (await redis.client("LIST")) as string;
  const ids = clients.split("\n").filter((line) => line.includes(` name=${name}`));
  for (const line of ids) await redis.client("KILL", "ID", /^id=(\d+)/.exec(line)?.[1] ?? "");
  await redis.quit();
}
