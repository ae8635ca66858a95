import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { Problem, Service } from "../fault";
import type { ChaosWorld } from "../world/chaos-world";

const EVERY_MS = 500;
const PROBE_PATIENCE_MS = 1_500;
const ASK_PATIENCE_MS = 5_000;
/** A state lasts: only who says otherwise so many times in a row is not honest. */
const TOLERATED = 3;

/** Asks all nodes whether they are ready, and the services themselves, and compares, for as long as it runs. */
export class ReadinessWatch {
  readonly problems: Problem[] = [];
  /** What some node said to be away. */
  readonly saidAway = new Set<Service>();
  private readonly wrongInARow = new Map<number, number>();
  private readonly end = new AbortController();
  private readonly running: Promise<void>;

  constructor(private readonly world: ChaosWorld) {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.end.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.end.signal.aborted) {
      const before = await whatAnswers(this.world);
      const said = await Promise.all(
        this.world.askableNodes.map(async (node) => ({ node, says: await this.ask(node) })),
      );
      const after = await whatAnswers(this.world);
      for (const { node, says } of said) {
        const isWrong =
          this.world.askableNodes.includes(node) &&
          before === after &&
          says !== (before ?? "ready") &&
          !(before === "both" && says !== "ready");
        const wrong = isWrong ? (this.wrongInARow.get(node) ?? 0) + 1 : 0;
        this.wrongInARow.set(node, wrong);
        if (wrong === TOLERATED)
          this.problems.push({
            kind: "readiness",
            text: `node ${node} says "${says}", but ${before ?? "nothing"} is away`,
          });
      }
      await sleep(EVERY_MS, undefined, { signal: this.end.signal }).catch(() => undefined);
    }
  }

  /** @returns what the node says to be away, "ready", or what was wrong with its answer */
  private async ask(node: number): Promise<string> {
    try {
      const answer = await fetch(`${this.world.cluster.urls[node]}/health/ready`, {
        signal: AbortSignal.timeout(ASK_PATIENCE_MS),
      });
      if (answer.status === 200) {
        await answer.arrayBuffer();
        return "ready";
      }
      const { detail } = (await answer.json()) as { detail?: string };
      const service = /PostgreSQL|Redis/.exec(detail ?? "")?.[0] as Service | undefined;
      if (service) this.saidAway.add(service);
      return service ?? `HTTP ${answer.status}`;
    } catch (error) {
      return (error as Error).message;
    }
  }
}

/** @returns undefined where both services answer us */
async function whatAnswers({ databaseLine, redis }: ChaosWorld): Promise<Service | "both" | undefined> {
  const [database, queues] = await Promise.all([databaseAnswers(databaseLine.url), redisAnswers(redis.url)]);
  if (!database && !queues) return "both";
  return database ? (queues ? undefined : "Redis") : "PostgreSQL";
}

async function databaseAnswers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: PROBE_PATIENCE_MS });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    return false;
  } finally {
    void client.end().catch(() => undefined);
  }
}

async function redisAnswers(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  try {
    const signal = AbortSignal.timeout(PROBE_PATIENCE_MS);
    await once(socket, "connect", { signal });
    socket.write("PING\r\n");
    const [answer] = (await once(socket, "data", { signal })) as [Buffer];
    return answer.toString().startsWith("+PONG");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
