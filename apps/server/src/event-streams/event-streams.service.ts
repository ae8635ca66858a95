import type { CreateEventStream, EventStream, UpdateEventStream } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { randomUUID } from "node:crypto";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { Database } from "../platform/database/database";
import { conflict, notFound } from "../platform/problems/problem.error";
import { uniqueName } from "../platform/problems/unique-name";
import { SecretVault } from "../platform/secrets/secret-vault";
import { EventStreamsStore, type StreamRow } from "./event-streams.store";

/** Each compares all outboxes with its positions, again and again. */
const MAX_STREAMS = 50;

/** Where events are pushed to. */
@Injectable()
export class EventStreamsService {
  constructor(
    private readonly store: EventStreamsStore,
    private readonly database: Database,
    private readonly idempotency: Idempotency,
    private readonly vault: SecretVault,
  ) {}

  async list(): Promise<EventStream[]> {
    const views: EventStream[] = [];
    for (const row of await this.store.list()) views.push(await this.view(row));
    return views;
  }

  /** @throws 404 for an unknown stream */
  async get(id: string): Promise<EventStream> {
    return this.view(await this.find(id));
  }

  /** @throws 409 for a name that another stream has, or one stream too many */
  async create(
    { secret, isEnabled, startFrom, ...fields }: CreateEventStream,
    createdBy: string,
    key: RequestKey,
  ): Promise<EventStream> {
    const id = randomUUID();
    const { selector = null, kinds = null } = fields;
    const stream = { ...fields, ...this.vault.seal(secret, id), selector, kinds };
    if ((await this.store.list()).length >= MAX_STREAMS)
      throw conflict(`There are ${MAX_STREAMS} event streams already, which is as many as there can be.`);
    // Of a secret nothing is kept beside it: not even a hash of the request that holds it.
    const request = ["event-stream", { ...fields, isEnabled, startFrom }];
    const made = await withUniqueName(fields.name, () =>
      this.idempotency.once({ ...key, request }, async (tx) => {
        await this.store.insert(tx, id, stream, isEnabled, createdBy);
        await this.store.begin(tx, id, startFrom);
        return { id };
      }),
    );
    return this.get(made.id);
  }

  /** @throws 404 for an unknown stream, 409 for a name that another one has */
  async update(id: string, { secret, ...changes }: UpdateEventStream): Promise<EventStream> {
    const stream = { ...(await this.find(id)), ...changes, ...(secret !== undefined && this.vault.seal(secret, id)) };
    await withUniqueName(stream.name, () => this.store.update(id, stream));
    return this.get(id);
  }

  /** @throws 404 for an unknown stream */
  async remove(id: string): Promise<void> {
    if (!(await this.store.remove(id))) throw notFound("event stream", id);
  }

  /** @throws 404 for an unknown stream */
  async enable(id: string, isEnabled: boolean): Promise<EventStream> {
    if (!(await this.store.enable(id, isEnabled))) throw notFound("event stream", id);
    return this.get(id);
  }

  /** @throws 404 for an unknown stream */
  async seek(id: string, to: string): Promise<EventStream> {
    await this.database.transaction(async (tx) => {
      if (!(await this.store.restart(tx, id))) throw notFound("event stream", id);
      await this.store.begin(tx, id, to);
    });
    return this.get(id);
  }

  private async find(id: string): Promise<StreamRow> {
    const row = await this.store.find(id);
    if (!row) throw notFound("event stream", id);
    return row;
  }

  private async view(row: StreamRow): Promise<EventStream> {
    const { id, name, url, selector, kinds, isEnabled, createdAt, createdBy } = row;
    const lag = await this.store.lag(row);
    return {
      ...{ id, name, url, selector, kinds, isEnabled, createdAt: createdAt.toISOString(), createdBy },
      status: {
        state: stateOf(row),
        reason: row.reason,
        position: {
          deliveredThrough: row.deliveredThrough?.toISOString() ?? null,
          delivered: Number(row.delivered),
        },
        lagEvents: lag.events,
        lagSeconds: lag.seconds,
        failures: row.failures,
        retryAt: row.retryAt?.toISOString() ?? null,
        lastError: row.lastError,
        lastErrorAt: row.lastErrorAt?.toISOString() ?? null,
        lastDeliveredAt: row.lastDeliveredAt?.toISOString() ?? null,
        node: row.isOwned ? row.node : null,
      },
    };
  }
}

function stateOf({ isEnabled, failures, isOwned }: StreamRow): EventStream["status"]["state"] {
  if (!isEnabled) return "paused";
  if (failures > 0) return "failing";
  return isOwned ? "delivering" : "waiting";
}

function withUniqueName<T>(name: string, write: () => Promise<T>): Promise<T> {
  return uniqueName("event stream", write, `There is an event stream "${name}" already.`);
}
