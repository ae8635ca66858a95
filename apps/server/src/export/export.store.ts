import { Injectable } from "@nestjs/common";
import type { PoolClient } from "pg";
import { DEVICES, selectorSql } from "../devices/selection";
import { Database } from "../platform/database/database";
import { asSystem } from "../platform/database/fleet-scope";
import type { Dataset, DeviceFilter, Row, RowFilter } from "./dataset";

/** Rows in memory at once, for each export. */
export const PAGE_ROWS = 1_000;
/** Devices that one page is looked for among: index ranges stay narrow, whatever the size of the fleet. */
const DEVICES_AT_ONCE = 500;

/** A row, and its place in the order of the export. */
type KeyedRow = Row & Record<`key${number}`, string>;

/** Reads what is exported, page by page: no transaction outlives a page, however slowly it is taken. */
@Injectable()
export class ExportStore {
  constructor(private readonly database: Database) {}

  /** @param signal ends the query that runs at that moment, too */
  async *pages(
    dataset: Dataset,
    devices: DeviceFilter,
    filter: RowFilter,
    signal: AbortSignal,
  ): AsyncGenerator<Row[], void> {
    for await (const ids of this.portions(dataset, devices, filter, signal)) {
      let after: string[] | undefined;
      do {
        const rows = await this.page(dataset, ids, filter, after, signal);
        after = rows.length === PAGE_ROWS ? positionOf(dataset, rows.at(-1)) : undefined;
        if (rows.length > 0) yield rows;
      } while (after);
    }
  }

  private async page(
    dataset: Dataset,
    deviceIds: readonly string[] | undefined,
    filter: RowFilter,
    after: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<KeyedRow[]> {
    const { columns, source, key } = dataset;
    const parameters: unknown[] = [];
    const parameter = (value: unknown) => `$${parameters.push(value)}`;
    const from = typeof source === "string" ? source : source(filter, parameter);
    const conditions = [
      // Behind the position only these are left, and fewer are looked for.
      ...(deviceIds
        ? [`r.device_id = ANY (${parameter(deviceIds.filter((id) => !after || id >= (after[0] ?? "")))}::uuid[])`]
        : []),
      ...dataset.conditions(filter, parameter),
    ];
    const order = key.map(([sql]) => sql).join(", ");
    if (after)
      conditions.push(
        `(${order}) > (${key.map(([, type], index) => `${parameter(after[index])}::${type}`).join(", ")})`,
      );
    const selected = [
      ...columns.map(({ name, sql }) => `${sql} AS "${name}"`),
      ...key.map(([sql], index) => `${sql}::text AS key${index}`),
    ];
    const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
    return this.query<KeyedRow>(
      `SELECT ${selected.join(", ")} FROM ${from} ${where} ORDER BY ${order} LIMIT ${PAGE_ROWS}`,
      parameters,
      signal,
    );
  }

  private async *portions(
    dataset: Dataset,
    devices: DeviceFilter,
    filter: RowFilter,
    signal: AbortSignal,
  ): AsyncGenerator<string[] | undefined> {
    const rowsADevice = Math.max(dataset.rowsADevice?.(filter) ?? 0, PAGE_ROWS / DEVICES_AT_ONCE);
    const size = Math.max(1, Math.floor(PAGE_ROWS / rowsADevice));
    for await (const ids of this.devices(dataset, devices, signal))
      for (let from = 0; from < (ids?.length ?? 1); from += size) yield ids?.slice(from, from + size);
  }

  /** The devices in the order of their ids, some at once; undefined once where the rows belong to none. */
  private async *devices(
    { isOfDevices }: Dataset,
    { deviceId, selectors }: DeviceFilter,
    signal: AbortSignal,
  ): AsyncGenerator<string[] | undefined> {
    if (!isOfDevices) yield undefined;
    else if (deviceId !== undefined && selectors.length === 0) yield [deviceId];
    else
      for (let after: string | undefined, isLast = false; !isLast;) {
        const ids =
          deviceId === undefined && selectors.length === 0
            ? await this.known(after, signal)
            : await this.chosen(deviceId, selectors, after, signal);
        isLast = ids.length < DEVICES_AT_ONCE;
        after = ids.at(-1);
        if (ids.length > 0) yield ids;
      }
  }

  /** Also devices that were removed: what they told is kept (index device_fleet_fleet_id_device_id_idx). */
  private async known(after: string | undefined, signal: AbortSignal): Promise<string[]> {
    const rows = await this.query<{ id: string }>(
      `SELECT device_id AS id FROM device_fleet WHERE $1::uuid IS NULL OR device_id > $1
        ORDER BY device_id LIMIT ${DEVICES_AT_ONCE}`,
      [after],
      signal,
    );
    return rows.map(({ id }) => id);
  }

  private async chosen(
    deviceId: string | undefined,
    selectors: DeviceFilter["selectors"],
    after: string | undefined,
    signal: AbortSignal,
  ): Promise<string[]> {
    const parameters: unknown[] = [after, deviceId];
    const conditions = selectors.map((selector) => {
      const { sql, parameters: own } = selectorSql(selector, parameters.length + 1);
      parameters.push(...own);
      return sql;
    });
    const rows = await this.query<{ id: string }>(
      `SELECT d.id FROM ${DEVICES}
        WHERE ($1::uuid IS NULL OR d.id > $1) AND ($2::uuid IS NULL OR d.id = $2) AND ${conditions.join(" AND ")}
        ORDER BY d.id LIMIT ${DEVICES_AT_ONCE}`,
      parameters,
      signal,
    );
    return rows.map(({ id }) => id);
  }

  /** A statement that does not outlive its reader. */
  private async query<R extends Row>(text: string, values: unknown[], signal: AbortSignal): Promise<R[]> {
    signal.throwIfAborted();
    const client = await this.database.pool.connect();
    const ignore = () => undefined;
    client.on("error", ignore); // the query rejects by itself
    const cancel = () => {
      const { processID } = client as PoolClient & { processID: number };
      // A fleet's role may end nobody's query.
      asSystem(() => this.database.pool.query("SELECT pg_cancel_backend($1)", [processID])).catch(ignore);
    };
    try {
      signal.addEventListener("abort", cancel);
      if (signal.aborted) return [];
      return (await client.query<R>(text, values)).rows;
    } finally {
      signal.removeEventListener("abort", cancel);
      // A cancellation that comes too late must not meet the next query on this connection: it is given up.
      if (!signal.aborted) client.off("error", ignore);
      client.release(signal.aborted);
    }
  }
}

function positionOf({ key }: Dataset, row: KeyedRow | undefined): string[] {
  return key.map((_, index) => row?.[`key${index}`] ?? "");
}
