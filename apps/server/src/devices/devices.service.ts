import type {
  ChangeLogLevel,
  ConfigStatus,
  DeviceCount,
  CreatedDevice,
  Device,
  DeviceQuery,
  FieldError,
  FleetCounts,
  Page,
  Selector,
} from "@mn316-fleet/contracts";
import { KNOWN_MODULE_STATES, type KnownModuleState } from "@mn316-fleet/manual";
import { type Cause, CLOSE } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { AuditTrail } from "../audit/audit-trail";
import { DeviceTokens } from "../auth/device-tokens";
import { AgentLinks } from "../gateway/agent-links";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { Database } from "../platform/database/database";
import { createdPosition, decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { conflict, notFound } from "../platform/problems/problem.error";
import { isTaken } from "../platform/problems/unique-name";
import { PushedTokens } from "./pushed-tokens";
import { type DeviceFields, type DeviceRow, DevicesStore } from "./devices.store";

@Injectable()
export class DevicesService {
  constructor(
    private readonly database: Database,
    private readonly store: DevicesStore,
    private readonly tokens: DeviceTokens,
    private readonly links: AgentLinks,
    private readonly pushed: PushedTokens,
    private readonly idempotency: Idempotency,
    private readonly trail: AuditTrail,
  ) {}

  /**
   * Creates a device with its first token, which is shown this once.
   * @throws 409 where another device has the IMEI, or the same request made one already
   */
  async create(
    fields: Omit<DeviceFields, "imei"> & { imei?: string | undefined },
    key: RequestKey,
  ): Promise<CreatedDevice> {
    const { name, imei, tags, timeZone } = fields;
    const { id, token } = await uniqueImei(() =>
      this.idempotency.onceShown({ ...key, request: ["device", fields] }, "a device", async (tx) => {
        const id = await this.store.insert(tx, { name, imei: imei ?? null, tags: [...new Set(tags)], timeZone });
        return { id, token: await this.tokens.issue(tx, id) };
      }),
    );
    return { ...(await this.get(id)), token };
  }

  /** @param scope the devices that the caller is limited to */
  async list({ cursor, ...query }: DeviceQuery, scope: Selector | null): Promise<Page<Device>> {
    const rows = await this.store.list(query, scope, decodeCursor(cursor, createdPosition));
    return pageOfRows(rows, query.limit, toDevice, ({ createdAt, id }) => [createdAt.getTime(), id]);
  }

  async get(id: string): Promise<Device> {
    const row = await this.store.find(id);
    if (!row) throw notFound("device", id);
    return toDevice(row);
  }

  async update(id: string, fields: Partial<DeviceFields>): Promise<Device> {
    const { tags } = fields;
    const changes = tags ? { ...fields, tags: [...new Set(tags)] } : fields;
    await uniqueImei(() =>
      this.database.transaction(async (tx) => {
        const before = await this.store.lock(tx, id);
        if (!before) throw notFound("device", id);
        const after = { ...before, ...changes };
        await this.store.write(tx, id, after);
        await this.trail.changed(tx, { before, after });
      }),
    );
    return this.get(id);
  }

  /** Removes a device with its tokens, configuration and executions; its agent is cut off at once. */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await this.store.remove(tx, id);
      if (!before) throw notFound("device", id);
      await this.trail.changed(tx, { before });
    });
    await this.tokens.announceChange(id);
    await this.links.close(id, CLOSE.unauthorized, "not authorised");
  }

  /**
   * Another token, which a connected agent gets at once and keeps; without an overlap it is cut off instead.
   * @throws 409 where the same request rotated it already
   */
  async rotateToken(id: string, overlapS: number, key: RequestKey) {
    if (!(await this.store.find(id))) throw notFound("device", id);
    const { token, previousValidUntil } = await this.idempotency.onceShown(
      { ...key, request: ["token", id, overlapS] },
      "another token",
      async (tx) => ({ id, ...(await this.tokens.rotate(tx, id, overlapS)) }),
    );
    await this.tokens.announceChange(id);
    const isPushed = overlapS > 0 && (await this.pushed.push(id, token));
    return { token, previousValidUntil: previousValidUntil?.toISOString() ?? null, isPushed };
  }

  /** Lets the device's agent log more, or less, for a while. @throws 409 where it is not connected */
  async changeLogLevel(id: string, change: ChangeLogLevel): Promise<void> {
    if (!(await this.store.find(id))) throw notFound("device", id);
    const outcome = await this.links.send(id, { type: "log-level", ...change });
    if (outcome === "offline") throw conflict("The device's agent is not connected now.");
  }

  async count(selector: Selector): Promise<DeviceCount> {
    return { devices: await this.store.count(selector) };
  }

  /** @param scope the devices that the caller is limited to */
  async counts(scope: Selector | null): Promise<FleetCounts> {
    const rows = await this.store.counts(scope);
    const sum = (matches: (row: (typeof rows)[number]) => boolean) =>
      rows.filter(matches).reduce((total, { devices }) => total + devices, 0);
    const states = KNOWN_MODULE_STATES.map((state) => [state, sum((row) => row.state === state)] as const);
    return {
      devices: sum(() => true),
      online: sum(({ online }) => online),
      states: Object.fromEntries(states) as Record<KnownModuleState, number>,
    };
  }
}

function toDevice(row: DeviceRow): Device {
  const isKnown = row.online && row.moduleState !== "unknown";
  return {
    id: row.id,
    name: row.name,
    imei: row.imei,
    tags: row.tags,
    timeZone: row.timeZone,
    link: { online: row.online, since: row.linkSince?.toISOString() ?? null },
    module: {
      state: isKnown ? row.moduleState : "unknown",
      since: isKnown ? (row.moduleSince?.toISOString() ?? null) : null,
      cause: row.cause as Cause | null,
      signalDbm: row.signalDbm,
    },
    config: {
      desiredVersion: row.desiredVersion,
      reportedVersion: row.reportedVersion,
      status: row.configStatus as ConfigStatus,
    },
    agentVersion: row.agentVersion,
    createdAt: row.createdAt.toISOString(),
  };
}

const IMEI_TAKEN: FieldError = { path: "imei", rule: "unique", message: "another device has this IMEI" };

/** @throws 409 naming `imei` where the database finds it taken; asking first would leave a gap between two callers */
async function uniqueImei<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isTaken(error)) throw conflict("Another device has this IMEI.", [IMEI_TAKEN]);
    throw error;
  }
}
