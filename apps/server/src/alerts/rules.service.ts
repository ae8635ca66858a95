import type { AlertRule, AlertRuleQuery, FieldError, Page, Selector, WriteAlertRule } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { otherVersion, type VersionCondition } from "../configs/if-match";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { Database, type Transaction } from "../platform/database/database";
import { decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { conflict, invalid, notFound } from "../platform/problems/problem.error";
import { uniqueName } from "../platform/problems/unique-name";
import { ChannelsStore } from "./channels.store";
import { Delivery } from "./delivery/delivery";
import { SubjectsStore } from "./evaluation/subjects.store";
import { TellingStore } from "./evaluation/telling.store";
import { RulesStore, type ShownRule } from "./rules.store";

/** Each is asked of the whole fleet every few seconds. */
const MAX_RULES = 200;

/** What devices are watched for. */
@Injectable()
export class RulesService {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
    private readonly store: RulesStore,
    private readonly channels: ChannelsStore,
    private readonly subjects: SubjectsStore,
    private readonly telling: TellingStore,
    private readonly delivery: Delivery,
  ) {}

  async list({ cursor, limit }: AlertRuleQuery): Promise<Page<AlertRule>> {
    const rows = await this.store.list(limit, decodeCursor(cursor, z.string()));
    return pageOfRows(rows, limit, toRule, ({ name }) => name);
  }

  async get(id: string): Promise<AlertRule> {
    return toRule(await this.found(this.database.pool, id));
  }

  async create(body: WriteAlertRule, author: string, key: RequestKey): Promise<AlertRule> {
    const made = await this.idempotency.once({ ...key, request: ["alert-rule", body] }, async (tx) => {
      await this.store.lock(tx);
      if ((await this.store.count(tx)) >= MAX_RULES) throw conflict(`There are ${MAX_RULES} alert rules already.`);
      return this.write(tx, randomUUID(), body, author);
    });
    return "isRepeat" in made ? this.get(made.id) : made;
  }

  /** Replaces a rule. Its open alerts go on, unless it asks for something else or nothing any more: then they are over. */
  put(id: string, body: WriteAlertRule, condition: VersionCondition, author: string): Promise<AlertRule> {
    return this.changing(async (tx) => {
      const former = await this.held(tx, id, condition);
      const isOther = body.kind !== former.kind || !isDeepStrictEqual(body.groupBy, former.groupBy);
      if (former.isEnabled && (isOther || !body.isEnabled))
        await this.end(tx, former, body.isEnabled ? "rule-changed" : "rule-disabled");
      return this.write(tx, id, body, author);
    });
  }

  /** Its open alerts are over; all of its alerts are kept. */
  remove(id: string, condition: VersionCondition): Promise<void> {
    return this.changing(async (tx) => {
      const rule = await this.held(tx, id, condition);
      await this.end(tx, rule, "rule-removed");
      await this.store.remove(tx, id);
    });
  }

  private async end(tx: Transaction, rule: ShownRule, resolution: string): Promise<void> {
    const now = await this.store.now(tx);
    await this.subjects.drop(tx, rule.id, resolution, now);
    await this.telling.tell(tx, rule, now);
  }

  private async write(tx: Transaction, id: string, body: WriteAlertRule, author: string): Promise<AlertRule> {
    const known = await this.channels.known(tx, body.channelIds);
    const errors = body.channelIds.flatMap((channelId, index): FieldError[] =>
      known.has(channelId)
        ? []
        : [{ path: `channelIds.${index}`, rule: "known", message: "there is no such alert channel" }],
    );
    if (errors.length > 0) throw invalid(errors);
    const fields = { ...body, selector: body.selector as Selector };
    await uniqueName("alert rule", () => this.store.write(tx, id, fields, author));
    return toRule(await this.found(tx, id));
  }

  /** Runs a write that may have told something. */
  private async changing<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const result = await this.database.transaction(async (tx) => {
      await this.store.lock(tx);
      return work(tx);
    });
    this.delivery.wake();
    return result;
  }

  private async held(tx: Transaction, id: string, condition: VersionCondition): Promise<ShownRule> {
    await this.store.hold(tx, id);
    const row = await this.found(tx, id);
    if (!condition(row.version)) throw otherVersion("alert rule", row.version, toRule(row));
    return row;
  }

  private async found(tx: Pick<Transaction, "query">, id: string): Promise<ShownRule> {
    const row = await this.store.find(tx, id);
    if (!row) throw notFound("alert rule", id);
    return row;
  }
}

function toRule({ fleetId: _fleetId, createdAt, updatedAt, evaluatedAt, ...row }: ShownRule): AlertRule {
  return {
    ...row,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    evaluatedAt: evaluatedAt?.toISOString() ?? null,
  };
}
