import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from "@nestjs/common";
import type { Logger } from "pino";
import { Histogram } from "prom-client";
import { Database } from "../../platform/database/database";
import { inFleet } from "../../platform/database/fleet-scope";
import { LOGGER } from "../../platform/logging/nest-logger";
import { Metrics } from "../../platform/metrics/metrics";
import { SETTINGS, type Settings } from "../../platform/settings/settings";
import { Delivery } from "../delivery/delivery";
import { type RuleRow, RulesStore } from "../rules.store";
import { RaisingStore } from "./raising.store";
import { SilencingStore } from "./silencing.store";
import { SubjectsStore } from "./subjects.store";
import { TellingStore } from "./telling.store";

/** How often a worker asks which rules are due. */
const LOOK_EVERY_MS = 5_000;
/** How often a rule is looked at whose condition is a state. */
const STATE_EVERY_S = 15;
/** One that looks back on a window costs more and changes slowly: so many looks a window, within bounds. */
const LOOKS_A_WINDOW = 96;
const WINDOW_EVERY_S = { min: 15, max: 900 };
/** A look that is so far in the future was dated by a clock that was put back since. */
const CLOCK_JUMP_S = 60;

/**
 * Looks at every rule again and again, on workers. Each look is one transaction that holds the rule's row: of several nodes
 * one looks, and one that dies leaves nothing half done. By the database's clock, which all nodes share. It runs on a timer of
 * its own and not as a repeated BullMQ job, which a Redis without its data would have forgotten.
 */
@Injectable()
export class AlertEvaluator implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private readonly seconds: Histogram;

  constructor(
    private readonly database: Database,
    private readonly rules: RulesStore,
    private readonly subjects: SubjectsStore,
    private readonly raising: RaisingStore,
    private readonly silencing: SilencingStore,
    private readonly telling: TellingStore,
    private readonly delivery: Delivery,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "roles">,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.seconds = new Histogram({
      name: "fleet_alert_evaluation_seconds",
      help: "Time that one look at a rule took on this node",
      registers: [metrics],
    });
  }

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has("worker")) return;
    this.timer = setInterval(() => {
      this.running = this.running
        .then(() => this.evaluate())
        .catch((error: unknown) => {
          this.logger.warn({ err: error }, "alert rules not evaluated now");
        });
    }, LOOK_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /**
   * Looks at all rules that are due; a rule whose look fails does not keep the others from theirs.
   * @param at by the database's clock: now, unless given
   * @returns how many looks were made here
   */
  async evaluate(at?: Date): Promise<number> {
    const now = at ?? (await this.rules.now(this.database.pool));
    let looks = 0;
    let told = 0;
    for (const rule of await this.rules.enabled()) {
      if (!isDue(rule, now)) continue;
      try {
        const notifications = await inFleet(rule.fleetId, () => this.look(rule, now));
        if (notifications === undefined) continue;
        looks += 1;
        told += notifications;
      } catch (error) {
        this.logger.error({ rule: rule.id, err: error }, "alert rule not evaluated now");
      }
    }
    if (told > 0) this.delivery.wake();
    return looks;
  }

  /** @returns how many notifications it wrote; undefined where the look is not ours to make */
  private async look(known: RuleRow, now: Date): Promise<number | undefined> {
    const end = this.seconds.startTimer();
    return this.database.transaction(async (tx) => {
      const rule = await this.rules.take(tx, known);
      if (!rule) return undefined;
      await this.subjects.observe(tx, rule, now);
      await this.subjects.clear(tx, rule, now);
      await this.raising.raise(tx, rule, forSOf(rule), now);
      await this.silencing.mark(tx, rule.id, now);
      const told = await this.telling.tell(tx, rule, now);
      await this.rules.evaluated(tx, rule.id, now);
      end();
      return told;
    });
  }
}

function isDue({ evaluatedAt, params }: RuleRow, now: Date): boolean {
  if (!evaluatedAt) return true;
  const { overS, withinS } = params as { overS?: number; withinS?: number };
  const windowS = overS ?? withinS;
  const { min, max } = WINDOW_EVERY_S;
  const everyS = windowS === undefined ? STATE_EVERY_S : Math.min(max, Math.max(min, windowS / LOOKS_A_WINDOW));
  const ageS = (now.getTime() - evaluatedAt.getTime()) / 1_000;
  return ageS >= everyS || ageS < -CLOCK_JUMP_S;
}

/** How long a rule's condition must last; kinds that look back on a window have that in their window. */
function forSOf({ params }: RuleRow): number {
  return (params as { forS?: number }).forS ?? 0;
}
