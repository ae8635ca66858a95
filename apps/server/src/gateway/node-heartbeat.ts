import { CLOSE } from "@mn316-fleet/protocol";
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from "@nestjs/common";
import type { Logger } from "pino";
import { Database } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { Presence } from "./presence";
import { Sessions } from "./sessions";

const EVERY_MS = 2_000;
/**
 * A node that was silent for so long is dead: its agents are offline until they come back elsewhere. The others see it with
 * their next beat, so within 9 s.
 */
const DEAD_AFTER_MS = 7_000;
/** RFC 6455: ended without a farewell. */
const ABNORMAL = 1006;

/** Shows that this node lives, and ends the sessions that a dead one left open. */
@Injectable()
export class NodeHeartbeat implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  /** By the steady clock, in ms. */
  private lastBeatAt = -Infinity;
  private wasSilent = false;
  private beating: Promise<void> = Promise.resolve();
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
    private readonly presence: Presence,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.endFormerSessions();
    await this.beat();
    await this.look();
    const tellFailure = (error: unknown) => {
      this.logger.warn({ reason: (error as Error).message }, "heart-beat of this node failed");
    };
    // Looking takes long while many come back, and must not delay the next sign of life.
    this.timer = setInterval(() => {
      this.beating = this.beating.then(() => this.beat()).catch(tellFailure);
      this.looking = this.looking.then(() => this.look()).catch(tellFailure);
    }, EVERY_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([this.beating, this.looking]);
    await this.database.pool.query("DELETE FROM node WHERE id = $1", [this.settings.nodeId]).catch(() => undefined);
  }

  /** A process that was killed left its sessions open under the id that is ours now. */
  private async endFormerSessions(): Promise<void> {
    const ended = await this.endSessions("l.node = $1", this.settings.nodeId);
    if (ended > 0) this.logger.warn({ devices: ended }, "ended the sessions of a former process of this node");
  }

  private async beat(): Promise<void> {
    await this.database.ask("INSERT INTO node (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET seen_at = now()", [
      this.settings.nodeId,
    ]);
    const now = performance.now();
    if (now - this.lastBeatAt > DEAD_AFTER_MS) this.wasSilent = true;
    this.lastBeatAt = now;
  }

  private async look(): Promise<void> {
    if (performance.now() - this.lastBeatAt > DEAD_AFTER_MS) return;
    // After a silence of our own (the database was away) the others may seem dead only because they were cut off too.
    if (this.wasSilent) {
      await this.reassert();
      this.wasSilent = false;
    } else await this.sweep();
    await this.closeOver();
  }

  /** Another node may have taken us for dead meanwhile. Rows that it left alone are not written: events wait for their locks. */
  private async reassert(): Promise<void> {
    const held = this.sessions.all().map(({ fencing }) => String(fencing));
    if (held.length === 0) return;
    await this.database.pool.query(
      `WITH held AS (
         UPDATE device_state s SET online = true, link_since = l.began
           FROM link_session l WHERE l.id = ANY ($1::bigint[]) AND s.device_id = l.device_id AND s.fencing = l.id AND NOT s.online
         RETURNING l.id
       )
       UPDATE link_session l SET ended = NULL, close_code = NULL FROM held WHERE l.id = held.id AND l.ended IS NOT NULL`,
      [held],
    );
  }

  /** Makes up for signals that were lost: a later session of a device, on another node, always wins; a removed one has none. */
  private async closeOver(): Promise<void> {
    const held = this.sessions.all();
    if (held.length === 0) return;
    const over = await this.presence.over(held);
    for (const session of held) {
      const code = over.get(session.fencing);
      if (code === CLOSE.superseded) session.close(code, "superseded by a newer connection");
      else if (code !== undefined) session.close(code, "not authorised");
    }
  }

  private async sweep(): Promise<void> {
    const ended = await this.endSessions(
      "NOT EXISTS (SELECT 1 FROM node n WHERE n.id = l.node AND n.seen_at >= now() - make_interval(secs => $1))",
      DEAD_AFTER_MS / 1_000,
    );
    if (ended > 0) this.logger.warn({ devices: ended }, "ended the sessions of a node that died");
  }

  /**
   * Ends the open sessions that a condition on `l` names (index link_session_open_idx). Each is locked before its device's
   * state, as where a session begins: the other way round a fleet that comes back at once and this would wait for each other.
   * @returns how many devices went offline by it
   */
  private async endSessions(condition: string, parameter: string | number): Promise<number> {
    const { rowCount } = await this.database.pool.query(
      `WITH dead AS (
         SELECT l.id, l.device_id FROM link_session l WHERE l.ended IS NULL AND ${condition} FOR UPDATE
       ), closed AS (
         UPDATE link_session l SET ended = now(), close_code = ${ABNORMAL} FROM dead WHERE l.id = dead.id
       )
       UPDATE device_state s SET online = false, link_since = now()
         FROM dead WHERE s.device_id = dead.device_id AND s.fencing = dead.id`,
      [parameter],
    );
    return rowCount ?? 0;
  }
}
