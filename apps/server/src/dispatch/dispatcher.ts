import { type AtPolicy, type ExecuteFrame, forbiddenBy } from "@mn316-fleet/protocol";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { ConfigsService } from "../configs/configs.service";
import { DevicesStore } from "../devices/devices.store";
import { AgentLinks } from "../gateway/agent-links";
import { type Claim, type HeadExecution, TurnsStore } from "../jobs/turns.store";
import { type Turn, WakeUps } from "../jobs/wake-ups";
import { LOGGER } from "../platform/logging/nest-logger";

/** An agent says RUNNING within milliseconds; after this what was sent counts as lost and is sent once more. */
export const RESEND_AFTER_S = 10;

/** Why an execution ends without having been sent. */
type EndInstead = [action: "refuse" | "cancel" | "expire", reason: string | null];

/** Sends each device the execution whose turn it is. */
@Injectable()
export class Dispatcher {
  constructor(
    private readonly turns: TurnsStore,
    private readonly devices: DevicesStore,
    private readonly configs: ConfigsService,
    private readonly links: AgentLinks,
    private readonly wakeUps: WakeUps,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Looks at the turns of devices and does what is due; called again at any time, by any number of workers, it does nothing
   * twice: the claim is a compare-and-set, and the agent keeps a journal of what it was sent.
   */
  async dispatch(turns: readonly Turn[]): Promise<void> {
    let left = turns;
    while (left.length > 0) {
      const heads = await this.reachable(
        await this.turns.heads(
          left.map(({ deviceId }) => deviceId),
          RESEND_AFTER_S,
        ),
      );
      const ended = await this.endInstead(heads.filter(({ status }) => status === "QUEUED"));
      const going = heads.filter(({ id }) => !ended.has(id));
      await this.send([...(await this.claim(going)), ...(await this.reclaim(going, left))]);
      await Promise.all(going.filter(({ status }) => status === "CANCELING").map((head) => this.askToCancel(head)));
      // Where one ended instead it is the next one's turn.
      const again = new Set(heads.filter(({ id }) => ended.has(id)).map(({ deviceId }) => deviceId));
      left = left.filter(({ deviceId }) => again.has(deviceId));
    }
  }

  /** Nothing for a device that is away: it costs nothing until the device comes back. */
  private async reachable(heads: HeadExecution[]): Promise<HeadExecution[]> {
    if (heads.length === 0) return heads;
    const connected = await this.links.connected(heads.map(({ deviceId }) => deviceId));
    return heads.filter(({ deviceId }) => connected.has(deviceId));
  }

  private async claim(heads: HeadExecution[]): Promise<[HeadExecution, Claim][]> {
    const queued = heads.filter(({ status }) => status === "QUEUED");
    const claims = new Map((await this.turns.claim(queued.map(({ id }) => id))).map((claim) => [claim.id, claim]));
    return withClaims(queued, (head) => claims.get(head.id));
  }

  /** What was sent and not answered, over a link that is no more or longer ago than an answer takes. */
  private async reclaim(heads: HeadExecution[], turns: readonly Turn[]): Promise<[HeadExecution, Claim][]> {
    const linkSinceMs = new Map(turns.map(({ deviceId, linkSinceMs }) => [deviceId, linkSinceMs ?? 0]));
    const lost = heads.flatMap(({ id, deviceId, status, sentAt, isOverdue, isUnanswered }): Claim[] =>
      status === "SENT" && sentAt && !isOverdue && (isUnanswered || sentAt.getTime() < (linkSinceMs.get(deviceId) ?? 0))
        ? [{ id, sentAt }]
        : [],
    );
    const claims = new Map((await this.turns.reclaim(lost)).map((claim) => [claim.id, claim]));
    return withClaims(heads, ({ id }) => claims.get(id));
  }

  /** Asked again at each look: the agent answers from its journal, and a device that is away is asked at its hello. */
  private async askToCancel({ id, deviceId, attempt }: HeadExecution): Promise<void> {
    const outcome = await this.links.send(deviceId, { type: "cancel", execution: id, attempt });
    this.logger.info({ deviceId, execution: id, attempt, outcome }, "device asked to cancel");
  }

  /**
   * What held when the job was made may hold no longer when the device's turn comes.
   * @returns the ids of those that are not to be sent
   */
  private async endInstead(heads: HeadExecution[]): Promise<Set<string>> {
    const untargeted = await this.untargeted(heads);
    const withSteps = heads.filter(({ steps }) => steps.length > 0).map(({ deviceId }) => deviceId);
    const policies = withSteps.length > 0 ? await this.configs.atPolicies(withSteps) : new Map<string, AtPolicy>();
    const ended = new Set<string>();
    const look = async (head: HeadExecution) => {
      const end = untargeted.has(head.id)
        ? (["cancel", "the device no longer is what its job's selector asks for"] as const)
        : endOf(head, policies.get(head.deviceId));
      if (!end) return;
      ended.add(head.id);
      const [action, reason] = end;
      if ((await this.turns.end(head.id, action, reason)) && head.isControlled) this.wakeUps.release(head.jobId);
    };
    await Promise.all(heads.map(look));
    return ended;
  }

  /** A selector's question of what a device is, asked again; how it is at the moment was of interest only when it was chosen. */
  private async untargeted(heads: HeadExecution[]): Promise<Set<string>> {
    const untargeted = new Set<string>();
    const byJob = new Map<string, HeadExecution[]>();
    for (const head of heads) if (head.selector) byJob.set(head.jobId, [...(byJob.get(head.jobId) ?? []), head]);
    for (const group of byJob.values()) {
      const { state: _state, online: _online, ...lasting } = group[0]?.selector ?? {};
      const still = await this.devices.chosen(
        lasting,
        group.map(({ deviceId }) => deviceId),
      );
      for (const { id, deviceId } of group) if (!still.has(deviceId)) untargeted.add(id);
    }
    return untargeted;
  }

  private async send(claimed: [HeadExecution, Claim][]): Promise<void> {
    const outcomes = await Promise.all(claimed.map(([head, claim]) => this.transmit(head, claim)));
    const sent = claimed.filter((_, index) => outcomes[index] === "sent");
    this.wakeUps.dispatch(
      sent.map(([{ deviceId }, { id, sentAt }]) => ({ deviceId, reason: `unanswered-${id}-${sentAt.getTime()}` })),
      RESEND_AFTER_S * 1_000 + 100,
    );
  }

  private async transmit(head: HeadExecution, claim: Claim): Promise<"sent" | "offline"> {
    const { id, deviceId, attempt, jobId } = head;
    let outcome: "sent" | "offline";
    try {
      if (head.kind === "configure") await this.configs.sendDesired(deviceId);
      outcome = await this.links.send(deviceId, frameOf(head));
    } catch (error) {
      // Whether it went out is not known: it stays SENT and is sent again, which the agent's journal makes harmless.
      this.logger.warn({ deviceId, execution: id, err: error }, "execution not sent now");
      outcome = "sent";
    }
    if (outcome === "offline") {
      await this.turns.unclaim(claim);
      if (head.isControlled) this.wakeUps.release(jobId);
    } else this.logger.info({ deviceId, execution: id, attempt, job: jobId, kind: head.kind }, "execution sent");
    return outcome;
  }
}

function endOf(head: HeadExecution, policy: AtPolicy | undefined): EndInstead | undefined {
  if (head.isJobOver) return ["cancel", null];
  if (head.isOverdue) return ["expire", null];
  if (head.supersededBy !== null) return ["cancel", `superseded by the same of job ${head.supersededBy}`];
  if (!policy) return undefined;
  const reason = head.steps.map(({ command }) => forbiddenBy(policy, command)).find((found) => found !== undefined);
  return reason === undefined ? undefined : ["refuse", reason];
}

function withClaims(
  heads: HeadExecution[],
  claimOf: (head: HeadExecution) => Claim | undefined,
): [HeadExecution, Claim][] {
  return heads.flatMap((head): [HeadExecution, Claim][] => {
    const claim = claimOf(head);
    return claim ? [[head, claim]] : [];
  });
}

function frameOf({ id, attempt, jobId, kind, steps, timeoutS, expiresAt }: HeadExecution): ExecuteFrame {
  const job = { id: jobId, kind };
  return { type: "execute", execution: id, attempt, job, steps, timeoutS, notAfter: expiresAt.getTime() };
}
