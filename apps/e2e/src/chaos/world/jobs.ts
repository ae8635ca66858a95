import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChaosWorld } from "./chaos-world";

export interface MadeJob {
  id: string;
  deviceIds: string[];
  /** AT commands that each device is to get. */
  steps: string[];
}

const AGAIN_MS = 250;
/** Longer than any fault, so that nothing is over before its device had a chance. */
const TIMEOUT_S = 120;
const DEVICES_OF_A_JOB = 6;

/** An operator who makes jobs all the time, each until it is acknowledged, and each once by its idempotency key. */
export class Jobs {
  /** Those that a server acknowledged. */
  readonly made: MadeJob[] = [];
  private running: Promise<void> | undefined;
  private readonly end = new AbortController();
  private count = 0;

  constructor(
    private readonly world: ChaosWorld,
    private readonly everyMs: number,
  ) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.end.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.end;
    while (!signal.aborted) {
      const isForField = this.count++ % 3 === 0 && this.world.field.length > 0;
      const candidates = isForField ? this.world.field.map(({ deviceId }) => deviceId) : this.world.manyDeviceIds;
      // Each job for a device in the field has a command of its own, to be found among what its module was told.
      const steps = isForField ? [`AT+XJOB=${this.count}`] : ["AT+CSQ", "AT+CEREG?"];
      await this.make({ deviceIds: this.draw(candidates, isForField ? 1 : DEVICES_OF_A_JOB), steps });
      await sleep(this.everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async make({ deviceIds, steps }: Omit<MadeJob, "id">): Promise<void> {
    const body = {
      kind: "at",
      targets: { deviceIds },
      steps: steps.map((command) => ({ command })),
      timeoutS: TIMEOUT_S,
    };
    const headers = { "idempotency-key": randomUUID() };
    while (!this.end.signal.aborted) {
      const answer = await this.world.api.request("POST", "jobs", body, headers).catch(() => undefined);
      if (answer?.status === 201) {
        this.made.push({ id: answer.body.id as string, deviceIds, steps });
        return;
      }
      if (answer && answer.status < 500 && answer.status !== 409)
        throw new Error(`a job was refused: ${answer.status} ${JSON.stringify(answer.body)}`);
      await sleep(AGAIN_MS);
    }
  }

  private draw(from: readonly string[], count: number): string[] {
    const drawn = new Set<string>();
    while (drawn.size < Math.min(count, from.length)) drawn.add(from[Math.floor(this.world.random() * from.length)]!);
    return [...drawn];
  }
}
