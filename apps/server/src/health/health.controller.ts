import { Controller, Get, Header, Inject } from "@nestjs/common";
import { ApiExcludeController } from "@nestjs/swagger";
import { Public } from "../auth/public";
import { Database } from "../platform/database/database";
import { asSystem } from "../platform/database/fleet-scope";
import { Metrics } from "../platform/metrics/metrics";
import { ProblemError } from "../platform/problems/problem.error";
import { RedisQueues } from "../platform/queues/bull-queues";
import { Queues } from "../platform/queues/queues";

const PATIENCE_MS = 2_000;

/** For orchestrators: is the process alive, can it serve; and its metrics. */
@Public()
@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly queues: Queues,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  @Get("health/live")
  live() {
    return { status: "ok" };
  }

  @Get("health/ready")
  async ready() {
    const [database, queues] = await Promise.all([
      answers(this.database.ask("SELECT 1")),
      answers(this.queues instanceof RedisQueues ? this.queues.check() : undefined),
    ]);
    if (!database || !queues)
      throw new ProblemError(503, "Not ready", `${database ? "Redis" : "PostgreSQL"} cannot be reached.`);
    return { status: "ok", queues: this.queues.backend };
  }

  @Get("metrics")
  @Header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
  prometheus(): Promise<string> {
    return asSystem(() => this.metrics.metrics());
  }
}

/** Whether something answers in time, whatever it says. */
async function answers(question: Promise<unknown> | undefined): Promise<boolean> {
  const patience = new Promise<never>((_, reject) =>
    setTimeout(() => {
      reject(new Error("no answer"));
    }, PATIENCE_MS).unref(),
  );
  return Promise.race([question, patience]).then(
    () => true,
    () => false,
  );
}
