import { eventually } from "@mn316-fleet/testkit";
import type { TestAgent } from "../../../server/src/test-support/test-agent";
import type { Api } from "../harness/api";
import type { Device } from "../harness/world";
import { type Frame, missingIn, ofTomorrow, type Passed } from "./recording";

const WITHIN = { timeoutMs: 30_000, everyMs: 20 };

/** Says to a server of now what an agent of another release said to the server of its time, and hears the answers. */
export class ReplayedAgent {
  /** Jobs that were made, in their order. */
  readonly jobs: string[] = [];
  /** What an agent of that release would miss in what it heard. */
  readonly missing: string[] = [];
  private readonly ids = new Map<string, string>();
  private readonly heard = new Map<string, number>();
  private shiftMs = 0;

  /** @param isOfTomorrow it adds fields that the server does not know */
  constructor(
    private readonly api: Api,
    private readonly device: Device,
    readonly agent: TestAgent,
    private readonly isOfTomorrow = false,
  ) {}

  /** Until the server of the recording ended. */
  async replay(recording: readonly Passed[]): Promise<void> {
    await this.agent.opened();
    for (const passed of recording) {
      if (passed.way === "closed") return;
      if (passed.way === "up") this.say(passed.frame);
      else await this.hear(passed.frame);
    }
  }

  private say(recorded: Frame): void {
    if (recorded.type === "hello") this.shiftMs = Date.now() - (recorded.clock as number);
    let text = JSON.stringify(recorded);
    for (const [then, now] of this.ids) text = text.replaceAll(then, now);
    const frame = JSON.parse(text, (field, value: unknown) =>
      ["at", "since", "clock"].includes(field) && typeof value === "number" ? value + this.shiftMs : value,
    ) as Frame;
    this.agent.send(this.isOfTomorrow ? ofTomorrow(frame) : frame);
  }

  /** Makes happen what the server of then was told to say, and waits until the one of now says it. */
  private async hear(recorded: Frame): Promise<void> {
    if (recorded.type === "ack") {
      await eventually(() => {
        const acked = Math.max(0, ...this.agent.of("ack").map(({ seq }) => seq));
        if (acked < (recorded.seq as number))
          throw new Error(`${acked} is acknowledged: ${JSON.stringify(this.agent.frames)}`);
      }, WITHIN);
      return;
    }
    if (recorded.type === "execute") await this.make(recorded);
    if (recorded.type === "desired")
      await this.api.ok("PATCH", `devices/${this.device.id}/config`, { telemetry: { signalEveryS: 5 } });
    const before = this.heard.get(recorded.type) ?? 0;
    this.heard.set(recorded.type, before + 1);
    const frame = await this.agent.next(recorded.type as "execute" | "desired" | "welcome", before, WITHIN.timeoutMs);
    this.missing.push(...missingIn(frame, recorded).map((field) => `${recorded.type}: ${field}`));
    if (frame.type === "execute") this.ids.set(recorded.execution as string, frame.execution);
  }

  private async make({ steps }: Frame): Promise<void> {
    const job = await this.api.ok("POST", "jobs", { kind: "at", targets: { deviceIds: [this.device.id] }, steps });
    this.jobs.push(job.id as string);
  }
}
