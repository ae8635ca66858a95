import type {
  AlertChannel,
  AlertChannelQuery,
  ChannelTest,
  Page,
  Role,
  WriteAlertChannel,
  WrittenAlertChannel,
} from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { otherVersion, type VersionCondition } from "../configs/if-match";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { Database, type Transaction } from "../platform/database/database";
import { decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { conflict, notFound } from "../platform/problems/problem.error";
import { uniqueName } from "../platform/problems/unique-name";
import { SecretVault } from "../platform/secrets/secret-vault";
import { type ChannelRow, ChannelsStore, targetOf } from "./channels.store";
import { ChannelSender } from "./delivery/channel-sender";
import { RulesStore } from "./rules.store";

const MAX_CHANNELS = 200;
const SECRET_BYTES = 32;

/** Where alerts are told; the secrets of webhooks are never shown again. */
@Injectable()
export class ChannelsService {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
    private readonly store: ChannelsStore,
    private readonly rules: RulesStore,
    private readonly vault: SecretVault,
    private readonly sender: ChannelSender,
  ) {}

  async list({ cursor, limit }: AlertChannelQuery, role: Role): Promise<Page<AlertChannel>> {
    const rows = await this.store.list(limit, decodeCursor(cursor, z.string()));
    return pageOfRows(
      rows,
      limit,
      (row) => toChannel(row, role),
      ({ name }) => name,
    );
  }

  async get(id: string, role: Role): Promise<AlertChannel> {
    const row = await this.store.find(this.database.pool, id);
    if (!row) throw notFound("alert channel", id);
    return toChannel(row, role);
  }

  async create(body: WriteAlertChannel, author: string, key: RequestKey): Promise<WrittenAlertChannel> {
    // Of a secret nothing is kept beside it: not even a hash of the request that holds it.
    const request = ["alert-channel", { ...body, secret: undefined }];
    const made = await this.idempotency.once({ ...key, request }, async (tx) => {
      await this.rules.lock(tx);
      if ((await this.store.count(tx)) >= MAX_CHANNELS)
        throw conflict(`There are ${MAX_CHANNELS} alert channels already.`);
      return this.write(tx, randomUUID(), undefined, body, author);
    });
    return "isRepeat" in made ? this.get(made.id, "admin") : made;
  }

  put(id: string, body: WriteAlertChannel, condition: VersionCondition, author: string): Promise<WrittenAlertChannel> {
    return this.database.transaction(async (tx) => {
      const row = await this.held(tx, id, condition);
      return this.write(tx, id, row, body, author);
    });
  }

  /** @throws 409 while rules tell it */
  remove(id: string, condition: VersionCondition): Promise<void> {
    return this.database.transaction(async (tx) => {
      await this.held(tx, id, condition);
      const rules = await this.rules.telling(tx, id);
      if (rules.length > 0)
        throw conflict(`These rules tell the channel: ${rules.join(", ")}. Take it out of them first.`);
      await this.store.remove(tx, id);
    });
  }

  /** Sends a message that says it is a test. */
  async test(id: string): Promise<ChannelTest> {
    const row = await this.store.find(this.database.pool, id);
    if (!row) throw notFound("alert channel", id);
    const text = `This is a test of the alert channel "${row.name}".`;
    const body = JSON.stringify({
      type: "test",
      timestamp: new Date().toISOString(),
      data: { channel: row.name, text },
    });
    const mail = { subject: `[TEST] ${row.name}`, text: `${text}\n` };
    const outcome = await this.sender.send(targetOf(row), { id: randomUUID(), body, mail });
    if (!outcome.isDelivered) return { isDelivered: false, error: outcome.error };
    return { isDelivered: true, ...(outcome.remark !== null && { error: outcome.remark }) };
  }

  private async write(
    tx: Transaction,
    id: string,
    former: ChannelRow | undefined,
    body: WriteAlertChannel,
    author: string,
  ): Promise<WrittenAlertChannel> {
    const { name, kind } = body;
    const nothing = { url: null, recipients: null, sealed: null, keyId: null };
    const save = (target: Partial<ChannelRow>) =>
      uniqueName("alert channel", () => this.store.write(tx, id, { ...nothing, ...target, name, kind }, author));
    if (body.kind === "email") return toChannel(await save({ recipients: body.to }), "admin");
    const { url, secret } = body;
    if (secret === undefined && former?.sealed) {
      const { sealed, keyId } = former;
      return toChannel(await save({ url, sealed, keyId }), "admin");
    }
    const made = secret === undefined ? `whsec_${randomBytes(SECRET_BYTES).toString("base64")}` : undefined;
    const channel = toChannel(await save({ url, ...this.vault.seal(secret ?? made ?? "", id) }), "admin");
    return { ...channel, ...(made !== undefined && { secret: made }) };
  }

  private async held(tx: Transaction, id: string, condition: VersionCondition): Promise<ChannelRow> {
    await this.rules.lock(tx);
    const row = await this.store.find(tx, id);
    if (!row) throw notFound("alert channel", id);
    if (!condition(row.version)) throw otherVersion("alert channel", row.version, toChannel(row, "admin"));
    return row;
  }
}

function toChannel(
  { id, name, kind, url, recipients, version, createdAt, updatedAt, updatedBy }: ChannelRow,
  role: Role,
) {
  return {
    id,
    name,
    kind,
    ...(url !== null && { url: role === "admin" ? url : `${new URL(url).origin}/…` }),
    ...(recipients !== null && { to: recipients }),
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    updatedBy,
  };
}
