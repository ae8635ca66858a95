import type { KnownModuleState } from "@mn316-fleet/manual";
import type { Cause } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { plainArray } from "../../platform/database/arrays";
import type { Transaction } from "../../platform/database/database";
import type { OutageProgress } from "./outage-machine";
import { addition, ROLLUP_NAMES } from "./rollup-tables";
import type { Standing, Tally } from "./tally";

interface StandingRow {
  deviceId: string;
  epoch: string | null;
  seq: string;
  state: KnownModuleState;
  knownState: KnownModuleState;
  began: Date | null;
  unknownMs: string;
  cause: Cause;
  outageCell: string | null;
  outageConfigVersion: number | null;
  connectingSince: Date | null;
  cell: string | null;
  configVersion: number | null;
}

/** What is to be written together; devices in the order of their ids, which is the order in which rows are locked. */
export interface Learnt extends Pick<Tally, "sums" | "outages"> {
  moved: (OutageProgress & { deviceId: string; isNew: boolean })[];
}

/** Another transaction told of the same device meanwhile: as where PostgreSQL finds that, the whole is tried again. */
class OvertakenError extends Error {
  readonly code = "40001";
}

const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

/** One statement for everything that a batch brings, so that the number of tables costs no time on the way. */
const { text: ADD, count: PARAMETERS } = composeStatement();

/** What is learnt from `state` events and added up, in SQL. */
@Injectable()
export class RollupsStore {
  /**
   * Where devices stand.
   * @param isLocked until the transaction ends: events of an older epoch may come by another connection
   */
  async standings(tx: Transaction, deviceIds: readonly string[], isLocked = true): Promise<Map<string, Standing>> {
    const { rows } = await tx.query<StandingRow>({
      name: isLocked ? "lock-standings" : "find-standings",
      text: `WITH p AS (
               SELECT * FROM outage_progress WHERE device_id = ANY ($1::uuid[]) ORDER BY device_id ${isLocked ? "FOR UPDATE" : ""}
             )
             SELECT d.id AS "deviceId", p.epoch, p.seq, p.state, p.known_state AS "knownState", p.began,
                    p.unknown_ms AS "unknownMs", p.cause, p.cell AS "outageCell", p.config_version AS "outageConfigVersion",
                    p.connecting_since AS "connectingSince", s.cell, s.config_version AS "configVersion"
               FROM unnest($1::uuid[]) AS d (id)
               LEFT JOIN p ON p.device_id = d.id LEFT JOIN device_state s ON s.device_id = d.id`,
      values: [plainArray(deviceIds)],
    });
    return new Map(rows.map((row) => [row.deviceId, toStanding(row)]));
  }

  /** Writes what was added up, and where devices stand now. */
  async add(tx: Transaction, { sums, outages, moved }: Learnt): Promise<void> {
    const values = [
      plainArray(moved.map(({ deviceId }) => deviceId)),
      plainArray(moved.map(({ epoch }) => epoch)),
      plainArray(moved.map(({ seq }) => seq)),
      plainArray(moved.map(({ state }) => state)),
      plainArray(moved.map(({ knownState }) => knownState)),
      plainArray(moved.map(({ outage }) => iso(outage?.began))),
      plainArray(moved.map(({ outage }) => outage?.unknownMs ?? 0)),
      plainArray(moved.map(({ outage }) => outage?.cause ?? null)),
      moved.map(({ outage }) => outage?.cell ?? null),
      plainArray(moved.map(({ outage }) => outage?.configVersion ?? null)),
      plainArray(moved.map(({ connectingSince }) => iso(connectingSince))),
      plainArray(outages.map(({ deviceId }) => deviceId)),
      plainArray(outages.map(({ epoch }) => epoch)),
      plainArray(outages.map(({ seq }) => seq)),
      plainArray(outages.map(({ began }) => iso(began))),
      plainArray(outages.map(({ ended }) => iso(ended))),
      plainArray(outages.map(({ unknownMs }) => unknownMs)),
      plainArray(outages.map(({ cause }) => cause)),
      outages.map(({ cell }) => cell),
      plainArray(outages.map(({ configVersion }) => configVersion)),
      ...ROLLUP_NAMES.flatMap((name) => sums[name].columns().map(plainArray)),
    ];
    if (values.length !== PARAMETERS) throw new Error(`${values.length} parameters are not ${PARAMETERS}`);
    const { rows } = await tx.query<{ begun: number }>({ name: "add-rollups", text: ADD, values });
    if (rows[0]?.begun !== moved.filter(({ isNew }) => isNew).length)
      throw new OvertakenError("the states of a device came by two connections at once");
  }
}

function toStanding({ cell, configVersion, ...row }: StandingRow): Standing {
  if (row.epoch === null) return { cell, configVersion, progress: undefined };
  const outage = row.began && {
    began: row.began.getTime(),
    unknownMs: Number(row.unknownMs),
    cause: row.cause,
    cell: row.outageCell,
    configVersion: row.outageConfigVersion,
  };
  const progress = {
    epoch: Number(row.epoch),
    seq: Number(row.seq),
    state: row.state,
    knownState: row.knownState,
    outage: outage ?? undefined,
    connectingSince: row.connectingSince?.getTime(),
  };
  return { cell, configVersion, progress };
}

function composeStatement(): { text: string; count: number } {
  let next = 21;
  const additions = ROLLUP_NAMES.map((name) => {
    const { sql, parameters } = addition(name, next);
    next += parameters;
    return `add_${name} AS (${sql})`;
  });
  const text = `
    WITH moved AS (
      INSERT INTO outage_progress (device_id, epoch, seq, state, known_state, began, unknown_ms, cause, cell, config_version,
                                   connecting_since)
      SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::bigint[],
                           $8::text[], $9::text[], $10::int[], $11::timestamptz[])
      ON CONFLICT (device_id) DO UPDATE
         SET epoch = excluded.epoch, seq = excluded.seq, state = excluded.state, known_state = excluded.known_state,
             began = excluded.began, unknown_ms = excluded.unknown_ms, cause = excluded.cause, cell = excluded.cell,
             config_version = excluded.config_version, connecting_since = excluded.connecting_since
      RETURNING xmax = 0 AS is_new
    ), ended AS (
      INSERT INTO outage (device_id, epoch, seq, began, ended, unknown_ms, cause, cell, config_version)
      SELECT * FROM unnest($12::uuid[], $13::bigint[], $14::bigint[], $15::timestamptz[], $16::timestamptz[], $17::bigint[],
                           $18::text[], $19::text[], $20::int[])
    ), ${additions.join(", ")}
    SELECT (count(*) FILTER (WHERE is_new))::int AS begun FROM moved`;
  return { text, count: next - 1 };
}
