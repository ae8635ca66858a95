import { createTestDatabase, findTestRedis } from "@mn316-fleet/testkit";
import { createPostgresBackend, Queue, withBackend } from "bullmq";
import { randomBytes } from "node:crypto";
import { Client } from "pg";
import pino from "pino";
import { PostgresQueues, RedisQueues } from "./bull-queues";
import { queuesContract } from "./queues.contract";

const silent = pino({ level: "silent" });
const redis = await findTestRedis();
const postgres = withBackend(createPostgresBackend);

describe("queues over postgres", () => {
  queuesContract("BullMQ on PostgreSQL", async () => {
    const database = await createTestDatabase();
    const { url } = database;
    await PostgresQueues.migrate(url);
    return {
      open: (isWorker) => Promise.resolve(new PostgresQueues(url, silent, isWorker)),
      cutConnections: async () => {
        const operator = new Client({ connectionString: url });
        await operator.connect();
        await operator.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        await operator.end();
      },
      kept: () => keptBy(new postgres.Queue("dispatch", { connection: { connectionString: url } })),
      remove: () => database.drop(),
    };
  });
});

(redis ? describe : describe.skip)("queues over redis", () => {
  queuesContract("BullMQ on Redis", () => {
    const fleet = `${redis!.prefix}-${randomBytes(4).toString("hex")}`;
    return Promise.resolve({
      open: (isWorker) => Promise.resolve(new RedisQueues(redis!.url, fleet, silent, isWorker)),
      cutConnections: () => redis!.cut(`${fleet}-queues`),
      kept: () => keptBy(new Queue("dispatch", { connection: { url: redis!.url }, prefix: `{${fleet}}` })),
      remove: () => redis!.clean(),
    });
  });
});

async function keptBy(queue: Pick<Queue, "getJobCounts" | "close">) {
  try {
    const { completed = 0, failed = 0 } = await queue.getJobCounts("completed", "failed");
    return { completed, failed };
  } finally {
    await queue.close();
  }
}
