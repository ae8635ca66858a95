import { type ExecuteFrame, forbiddenBy } from "@mn316-fleet/protocol";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { ConfigsService } from "../configs/configs.service";
import { AgentLinks } from "../gateway/agent-links";
import { ExecutionsStore, type HeadExecution } from "../jobs/executions.store";
import { WakeUps } from "../jobs/wake-ups";
import { LOGGER } from "../platform/logging/nest-logger";

/** An agent says RUNNING within milliseconds; after this what was sent counts as lost and is sent once more. */
export const RESEND_AFTER_S = 10;

/** Sends each device the execution whose turn it is. */
@Injectable()
export class Dispatcher {
  constructor(
    private readonly executions: ExecutionsStore,
    private readonly configs: ConfigsService,
    private readonly links: AgentLinks,
    private readonly wakeUps: WakeUps,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Looks at a device's turn and does what is due; called again at any time, by any number of workers, it does nothing
   * twice: the claim is a compare-and-set, and the agent keeps a journal of what it was sent.
   * @param linkSinceMs when the device connected: what was sent before may be lost
   */
  async dispatch(deviceId: string, linkSinceMs = 0): Promise<void> {
    for (;;) {
      const head = await this.executions.head(deviceId);
      if (!head) return;
      if (head.status === "QUEUED") {
        if (await this.endInstead(head)) continue;
        const sentAt = await this.executions.claim(head.id);
        if (sentAt) await this.transmit(head, sentAt);
      } else if (head.status === "SENT" && head.sentAt && !head.isOverdue) {
        const isLost = head.sentAt.getTime() < Math.max(linkSinceMs, Date.now() - RESEND_AFTER_S * 1_000);
        const sentAt = isLost ? await this.executions.reclaim(head.id, head.sentAt) : undefined;
        if (sentAt) await this.transmit(head, sentAt);
      } else if (head.status === "CANCELING") await this.askToCancel(head);
      return;
    }
  }

  /** Asked again at each look: the agent answers from its journal, and a device that is away is asked at its hello. */
  private async askToCancel({ id, deviceId, attempt }: HeadExecution): Promise<void> {
    const outcome = await this.links.send(deviceId, { type: "cancel", execution: id, attempt });
    this.logger.info({ deviceId, execution: id, attempt, outcome }, "device asked to cancel");
  }

  /** What held when the job was made may hold no longer when the device's turn comes. */
  private async endInstead(head: HeadExecution): Promise<boolean> {
    if (head.isJobCanceled) return this.executions.end(head.id, "cancel", null);
    if (head.isOverdue) return this.executions.end(head.id, "expire", null);
    const policy = head.steps.length > 0 ? await this.configs.atPolicy(head.deviceId) : undefined;
    if (!policy) return false;
    const reason = head.steps.map(({ command }) => forbiddenBy(policy, command)).find((found) => found !== undefined);
    return reason !== undefined && this.executions.end(head.id, "refuse", reason);
  }

  private async transmit(head: HeadExecution, sentAt: Date): Promise<void> {
    const { id, deviceId, attempt, jobId } = head;
    let outcome: "sent" | "offline";
    try {
      if (head.kind === "configure") await this.sendConfiguration(deviceId);
      outcome = await this.links.send(deviceId, frameOf(head));
    } catch (error) {
      // Whether it went out is not known: it stays SENT and is sent again, which the agent's journal makes harmless.
      this.logger.warn({ deviceId, execution: id, err: error }, "execution not sent now");
      outcome = "sent";
    }
    if (outcome === "offline") {
      await this.executions.unclaim(id, sentAt);
      return;
    }
    this.logger.info({ deviceId, execution: id, attempt, job: jobId, kind: head.kind }, "execution sent");
    this.wakeUps.dispatchLater(deviceId, `unanswered-${id}-${sentAt.getTime()}`, RESEND_AFTER_S * 1_000 + 100);
  }

  private async sendConfiguration(deviceId: string): Promise<void> {
    const desired = await this.configs.desiredFrame(deviceId);
    if (desired) await this.links.send(deviceId, desired);
  }
}

function frameOf({ id, attempt, jobId, kind, steps, timeoutS, expiresAt }: HeadExecution): ExecuteFrame {
  const job = { id: jobId, kind };
  return { type: "execute", execution: id, attempt, job, steps, timeoutS, notAfter: expiresAt.getTime() };
}
