import {
  CONFIG_STATUSES,
  type ConfigTemplate,
  type DryRunQuery,
  type FieldError,
  HIDDEN_PASSWORD,
  type Page,
  type Profile,
  type ProfileDetail,
  type ProfileEffect,
  type ProfileQuery,
  type RemovedProfile,
  type Selector,
  type WriteProfile,
  writeProfileSchema,
  type WrittenProfile,
} from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { AuditTrail } from "../audit/audit-trail";
import { ConfigsStore } from "../configs/configs.store";
import { otherVersion, type VersionCondition } from "../configs/if-match";
import { mergePatch } from "../configs/merge-patch";
import { PasswordsStore } from "../configs/passwords.store";
import { Resolver } from "../configs/resolver";
import { passwordIn, withoutPassword } from "../configs/settings-password";
import { CONFIGS_UNRESOLVED } from "../configs/unresolved-configs";
import { DevicesStore } from "../devices/devices.store";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { Database, type Transaction } from "../platform/database/database";
import { decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { conflict, invalid, notFound } from "../platform/problems/problem.error";
import { uniqueName } from "../platform/problems/unique-name";
import { fieldErrors } from "../platform/problems/validation.pipe";
import { Signals } from "../platform/signals/signals";
import { type ProfileRow, ProfilesStore } from "./profiles.store";

/** Every device is asked about each profile: more of them would make that slow, and nobody could tell them apart. */
const MAX_PROFILES = 200;
/** What a write looks at before it answers; workers see to all devices. */
const EXAMINED_DEVICES = 10_000;
const BATCH = 500;
/** Samples of each outcome. */
const SAMPLES = 10;

/** Ends a transaction whose result is wanted without its effect. */
class DryRun<T> extends Error {
  constructor(readonly result: T) {
    super("dry run");
  }
}

/** Profiles, and what each write of one does to devices. */
@Injectable()
export class ProfilesService {
  constructor(
    private readonly database: Database,
    private readonly store: ProfilesStore,
    private readonly devices: DevicesStore,
    private readonly configs: ConfigsStore,
    private readonly passwords: PasswordsStore,
    private readonly resolver: Resolver,
    private readonly signals: Signals,
    private readonly idempotency: Idempotency,
    private readonly trail: AuditTrail,
  ) {}

  async list({ cursor, limit }: ProfileQuery): Promise<Page<Profile>> {
    const position = z.tuple([z.number().int(), z.string()]);
    const rows = await this.store.list(limit, decodeCursor(cursor, position));
    return pageOfRows(rows, limit, toProfile, ({ priority, name }) => [priority, name]);
  }

  async get(id: string): Promise<ProfileDetail> {
    const row = await this.store.find(this.database.pool, id);
    if (!row) throw notFound("profile", id);
    const found = await this.store.counts(row.selector);
    const counts = Object.fromEntries(CONFIG_STATUSES.map((status) => [status, found[status] ?? 0]));
    const devices = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return { ...toProfile(row), devices, counts: counts as ProfileDetail["counts"] };
  }

  /** A dry run makes nothing, so it takes no key. */
  create(body: WriteProfile, query: DryRunQuery, author: string, requestKey: RequestKey): Promise<WrittenProfile> {
    const key = query.dryRun === "true" ? undefined : requestKey.key;
    return this.changing(query, async (tx) => {
      const request = { ...requestKey, key, request: ["profile", body] };
      const made = await this.idempotency.within(tx, request, async () => {
        if ((await this.store.count(tx)) >= MAX_PROFILES) throw conflict(`There are ${MAX_PROFILES} profiles already.`);
        return this.write(tx, randomUUID(), undefined, body, author);
      });
      if (!("isRepeat" in made)) return made;
      const row = await this.store.find(tx, made.id);
      if (!row) throw notFound("profile", made.id);
      return { ...toProfile(row), effect: await this.effect(tx, [row.selector]) };
    });
  }

  put(id: string, body: WriteProfile, condition: VersionCondition, query: DryRunQuery, author: string) {
    return this.changing(query, async (tx) => {
      const row = await this.held(tx, id, condition);
      return this.write(tx, id, row, body, author);
    });
  }

  /** Changes a profile by a JSON merge patch of what PUT takes; the result is checked as a whole. */
  patch(
    id: string,
    patch: Record<string, unknown>,
    condition: VersionCondition,
    query: DryRunQuery,
    author: string,
  ): Promise<WrittenProfile> {
    return this.changing(query, async (tx) => {
      const row = await this.held(tx, id, condition);
      const { name, description, selector, priority, template } = row;
      const merged = mergePatch({ name, description, selector, priority, template }, patch);
      const parsed = writeProfileSchema.safeParse(keepingNullPassword(patch, merged));
      if (!parsed.success) throw invalid(fieldErrors(parsed.error.issues));
      return this.write(tx, id, row, parsed.data, author);
    });
  }

  remove(id: string, condition: VersionCondition, query: DryRunQuery, author: string): Promise<RemovedProfile> {
    return this.changing(query, async (tx) => {
      const row = await this.held(tx, id, condition);
      const { selector, name } = row;
      await this.store.markUnresolved(tx, [selector], { author, source: "profile", id, name });
      await this.store.remove(tx, id);
      await this.trail.changed(tx, { before: toProfile(row) });
      return { effect: await this.effect(tx, [selector]) };
    });
  }

  private async write(
    tx: Transaction,
    id: string,
    former: ProfileRow | undefined,
    { name, description, selector, priority, template }: WriteProfile,
    author: string,
  ): Promise<WrittenProfile> {
    const fields = {
      name,
      description,
      selector: selector as Selector,
      priority,
      template: withoutPassword(template),
      passwordId: await this.passwordAfter(tx, id, former, template),
    };
    const row = await uniqueName("profile", () => this.store.write(tx, id, fields, author));
    const before = former && toProfile(former);
    await this.trail.changed(tx, { ...(before && { before }), after: toProfile(row), resource: `profiles/${id}` });
    const selectors = [...(former ? [former.selector] : []), row.selector];
    await this.store.markUnresolved(tx, selectors, { author, source: "profile", id, name });
    return { ...toProfile(row), effect: await this.effect(tx, selectors) };
  }

  /** The password to refer to; see `HIDDEN_PASSWORD`. */
  private async passwordAfter(
    tx: Transaction,
    id: string,
    former: ProfileRow | undefined,
    template: ConfigTemplate,
  ): Promise<string | null> {
    const kept = former?.passwordId ?? null;
    const given = passwordIn(template);
    if (given === HIDDEN_PASSWORD && kept === null) throw invalid([NOTHING_HIDDEN]);
    if (given === undefined || given === HIDDEN_PASSWORD) return kept;
    return typeof given === "string" ? this.passwords.add(tx, given, id) : null;
  }

  /** What devices get now that the profiles are as this transaction has them. */
  private async effect(tx: Transaction, selectors: readonly Selector[]): Promise<ProfileEffect> {
    const { ids, total } = await this.store.chosen(tx, selectors, EXAMINED_DEVICES);
    const found: { deviceId: string; outcome: "changed" | "rejected"; errors?: FieldError[] }[] = [];
    for (let next = 0; next < ids.length; next += BATCH) {
      const rows = await this.configs.findAll(tx, ids.slice(next, next + BATCH));
      for (const { row, isChanged, problems } of await this.resolver.resolve(tx, rows))
        if (problems.length > 0) found.push({ deviceId: row.deviceId, outcome: "rejected", errors: problems });
        else if (isChanged) found.push({ deviceId: row.deviceId, outcome: "changed" });
    }
    const changed = found.filter(({ outcome }) => outcome === "changed");
    const rejected = found.filter(({ outcome }) => outcome === "rejected");
    const samples = [...changed.slice(0, SAMPLES), ...rejected.slice(0, SAMPLES)];
    const names = await this.devices.names(
      tx,
      samples.map(({ deviceId }) => deviceId),
    );
    return {
      devices: total,
      examined: ids.length,
      changed: changed.length,
      rejected: rejected.length,
      samples: samples.map((sample) => ({ ...sample, name: names.get(sample.deviceId) ?? "" })),
    };
  }

  /** Runs a write; as a dry run it does all the same, and takes it back. */
  private async changing<T>({ dryRun }: DryRunQuery, work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      const result = await this.database.transaction(async (tx) => {
        await this.store.lock(tx);
        const done = await work(tx);
        if (dryRun === "true") throw new DryRun(done);
        return done;
      });
      await this.signals.publish(CONFIGS_UNRESOLVED, {});
      return result;
    } catch (error) {
      if (error instanceof DryRun) return error.result as T;
      throw error;
    }
  }

  private async held(tx: Transaction, id: string, condition: VersionCondition): Promise<ProfileRow> {
    const row = await this.store.find(tx, id);
    if (!row) throw notFound("profile", id);
    if (!condition(row.version)) throw otherVersion("profile", row.version, toProfile(row));
    return row;
  }
}

const NOTHING_HIDDEN: FieldError = {
  path: "template.mqtt.password",
  rule: "hidden",
  message: `no password is stored that ${HIDDEN_PASSWORD} could stand for`,
};

function toProfile({ passwordId, createdAt, updatedAt, template, ...row }: ProfileRow): Profile {
  const { id, name, description, selector, priority, version, updatedBy } = row;
  return {
    id,
    name,
    description,
    selector,
    priority,
    template:
      passwordId === null
        ? template
        : { ...template, mqtt: { ...(template.mqtt as object), password: HIDDEN_PASSWORD } },
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    updatedBy,
  };
}

/** In a merge patch null removes a member, but a removed password means "keep the stored one": so null must survive. */
function keepingNullPassword(patch: Record<string, unknown>, merged: unknown): unknown {
  const { template } = patch;
  if (typeof template !== "object" || template === null || passwordIn(template as Record<string, unknown>) !== null)
    return merged;
  const profile = merged as { template?: { mqtt?: object } };
  return { ...profile, template: { ...profile.template, mqtt: { ...profile.template?.mqtt, password: null } } };
}
