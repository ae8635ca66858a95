import type { Clock } from "@mn316-fleet/at";
import type { DownFrame, FrameOf } from "@mn316-fleet/protocol";
import type { Logger } from "pino";
import type { Outbox } from "../outbox/outbox";
import type { EventSender, FlowLimits } from "./event-sender";

type ErrorFrame = FrameOf<DownFrame, "error">;

/** An event that is refused alone for so long gives way to a gap; a faulty server may be put right meanwhile. */
export const PATIENCE_MS = 3_600_000;
const ONE_AT_A_TIME: FlowLimits = { batch: 1, inflight: 1 };

/**
 * What the server does not take of the outbox, for example because it is older than this agent. All behind a refused event
 * waits, so after a refusal events go one at a time until the place is passed: what stands before it gets through, and then
 * it is known which it is.
 */
export class Refusals {
  /** The last number under way when the server last refused. */
  private upTo = 0;
  private since = -Infinity;
  private lastAt = -Infinity;
  private reason = "";

  /** @param clock for durations */
  constructor(
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** What stands in the way now, for whoever looks after the device. */
  get current(): string | undefined {
    return this.outbox.resumeFrom <= this.upTo ? this.reason : undefined;
  }

  /** How events may be sent, where the server allows `limits`. */
  bounded(limits: FlowLimits): FlowLimits {
    return this.isCareful ? ONE_AT_A_TIME : limits;
  }

  /** Whether an `error` of the server means events that are under way. */
  concerns({ code, frame }: ErrorFrame, { lastUnderWay }: EventSender): boolean {
    if (lastUnderWay === undefined) return false;
    return code === "gap" || (code === "invalid" && (frame === undefined || frame === "events"));
  }

  /**
   * Takes note of a refusal, and gets out of the way what no repetition will.
   * @param acked what the server has for certain
   * @returns whether it was got out of the way, so that this connection can go on
   */
  async take({ code, message }: ErrorFrame, acked: number, sender: EventSender): Promise<boolean> {
    const { lastUnderWay = 0, onlyUnderWay: seq } = sender;
    const now = this.clock.now();
    if (now - this.lastAt > PATIENCE_MS) this.since = now;
    this.lastAt = now;
    this.upTo = Math.max(this.upTo, lastUnderWay);
    this.reason = `the server refuses events after number ${acked}: ${message}`;
    this.log.error({ code, message, after: acked }, "the server refuses events: they are kept, and sent again later");
    if (seq === undefined) return false; // which of them it is, is not known yet
    if (code === "gap" && seq > acked + 1) await this.outbox.explain(acked + 1, seq - 1, "not on this disk any more");
    else if (this.isGivingUp) await this.outbox.explain(seq, seq, `refused by the server: ${message}`);
    else return false;
    sender.sendAgain(acked + 1);
    return true;
  }

  private get isCareful(): boolean {
    return this.current !== undefined || this.isGivingUp;
  }

  /** It goes on for long: nothing that is refused is waited for any more, as long as there are refusals at all. */
  private get isGivingUp(): boolean {
    const now = this.clock.now();
    return now - this.since >= PATIENCE_MS && now - this.lastAt < PATIENCE_MS;
  }
}
