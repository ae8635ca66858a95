import type { CreateSilence, Page, Silence, SilenceQuery } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { createdPosition, decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { conflict, invalid, notFound } from "../platform/problems/problem.error";
import { RulesStore } from "./rules.store";
import { type SilenceRow, SilencesStore } from "./silences.store";

/** All that last are asked for each alert. */
const MAX_LASTING = 200;

/** Who need not be told for a while. */
@Injectable()
export class SilencesService {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly store: SilencesStore,
    private readonly rules: RulesStore,
  ) {}

  async list({ cursor, limit }: SilenceQuery): Promise<Page<Silence>> {
    const rows = await this.store.list(limit, decodeCursor(cursor, createdPosition));
    return pageOfRows(rows, limit, toSilence, ({ endsAt, id }) => [endsAt.getTime(), id]);
  }

  async get(id: string): Promise<Silence> {
    const row = await this.store.find(id);
    if (!row) throw notFound("silence", id);
    return toSilence(row);
  }

  async create(body: CreateSilence, author: string, key: RequestKey): Promise<Silence> {
    const made = await this.idempotency.once({ ...key, request: ["silence", body] }, async (tx) => {
      await this.rules.lock(tx);
      if ((await this.store.countLasting(tx)) >= MAX_LASTING)
        throw conflict(`There are ${MAX_LASTING} silences already that are not over.`);
      if (body.ruleId !== undefined && !(await this.rules.find(tx, body.ruleId)))
        throw invalid([{ path: "ruleId", rule: "known", message: "there is no such alert rule" }]);
      const row = await this.store.add(tx, body, author);
      if (!row) throw invalid([{ path: "to", rule: "in-future", message: "must be in the future" }]);
      return toSilence(row);
    });
    return "isRepeat" in made ? this.get(made.id) : made;
  }

  async remove(id: string): Promise<void> {
    if (!(await this.store.remove(id))) throw notFound("silence", id);
  }
}

function toSilence({ id, ruleId, selector, beginsAt, endsAt, isActive, reason, createdAt, createdBy }: SilenceRow) {
  return {
    id,
    ruleId,
    selector,
    from: beginsAt.toISOString(),
    to: endsAt.toISOString(),
    isActive,
    reason,
    createdAt: createdAt.toISOString(),
    createdBy,
  };
}
