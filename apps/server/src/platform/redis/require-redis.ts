import { Redis } from "ioredis";
import type { Logger } from "pino";
import { ServiceAwayError } from "../problems/start-failure";

const CONNECT_TIMEOUT_MS = 10_000;
const OLDEST_MAJOR = 7;

/**
 * Makes sure at start that the named Redis answers and is one that the queues can live on.
 * @throws ServiceAwayError naming REDIS_URL
 */
export async function requireRedis(url: string, logger: Logger): Promise<void> {
  const { host } = new URL(url);
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: CONNECT_TIMEOUT_MS, retryStrategy: () => null });
  let reason = "";
  redis.on("error", (error: Error) => {
    reason = error.message;
  });
  try {
    await redis.connect();
    const info = await redis.info();
    const version = /^redis_version:(\d+)(\S*)/m.exec(info);
    if (Number(version?.[1]) < OLDEST_MAJOR)
      throw new Error(`is version ${version?.[1]}${version?.[2]}: ${OLDEST_MAJOR} or newer is needed`);
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
    if (policy !== undefined && policy !== "noeviction")
      logger.warn({ policy }, "Redis may evict queued jobs: set its maxmemory-policy to noeviction");
  } catch (error) {
    const { message } = error as Error;
    const isVersion = message.startsWith("is version");
    throw new ServiceAwayError(
      "Redis",
      "REDIS_URL",
      host,
      isVersion ? message : `cannot be used: ${reason || message}`,
    );
  } finally {
    redis.disconnect();
  }
}
