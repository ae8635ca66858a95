import type { FleetEvent } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import type { NewEvent, Projector } from "../ingest/projectors";
import { plainArray } from "../platform/database/arrays";
import type { Transaction } from "../platform/database/database";
import { signalDbm } from "./signal-dbm";

type Kind = "state" | "signal" | "config";
/** Where an event stands in its device's history. */
interface Numbered {
  deviceId: string;
  epoch: number;
  event: { seq: number };
}

const IS_NEWER_STATE = "(s.state_epoch, s.state_seq) < (v.state_epoch, v.state_seq)";
const IS_NEWER_SIGNAL = "(s.signal_epoch, s.signal_seq) < (v.signal_epoch, v.signal_seq)";
const replaced = (columns: Record<string, string>, isNewer: string) =>
  Object.entries(columns)
    .map(([column, value]) => `${column} = CASE WHEN ${isNewer} THEN ${value} ELSE s.${column} END`)
    .join(", ");

/** A device with news of one kind has NULL in the columns of the other, which is newer than nothing. */
const PROJECT_MODULE = `
  UPDATE device_state s
     SET ${replaced(
       {
         module_state: "v.state",
         module_since: "v.since",
         cause: "coalesce(v.cause, s.cause)",
         state_epoch: "v.state_epoch",
         state_seq: "v.state_seq",
       },
       IS_NEWER_STATE,
     )},
         ${replaced(
           {
             signal_dbm: "v.dbm",
             cell: "coalesce(v.cell, s.cell)",
             signal_epoch: "v.signal_epoch",
             signal_seq: "v.signal_seq",
           },
           IS_NEWER_SIGNAL,
         )}
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[],
                $7::bigint[], $8::bigint[], $9::int[], $10::text[])
      AS v (device_id, state_epoch, state_seq, state, since, cause, signal_epoch, signal_seq, dbm, cell)
   WHERE s.device_id = v.device_id AND (${IS_NEWER_STATE} OR ${IS_NEWER_SIGNAL})`;

/** The last that is known of each device, by the newest event in (epoch, seq), whatever order they come in. */
@Injectable()
export class DeviceStateProjector implements Projector<Kind> {
  readonly name = "device-state";
  readonly kinds = ["state", "signal", "config"] as const;

  async apply(tx: Transaction, events: NewEvent<Kind>[]): Promise<void> {
    await this.applyModule(tx, events);
    await this.applyConfigs(
      tx,
      events.flatMap((event) => (isOf(event, "config") && event.event.status === "applied" ? [event] : [])),
    );
  }

  /** State and signal in one statement: another version of a row costs more than all that is in it. */
  private async applyModule(tx: Transaction, events: NewEvent<Kind>[]): Promise<void> {
    const states = newest(events, "state");
    const signals = newest(events, "signal");
    const deviceIds = [...new Set([...states.keys(), ...signals.keys()])];
    if (deviceIds.length === 0) return;
    const telling = newest(events, "state", tellsWhy);
    const located = newest(events, "signal", ({ cell }) => cell !== undefined);
    const state = (value: (newest: NewEvent<"state">) => string | number) =>
      plainArray(deviceIds.map((id) => mapped(states.get(id), value)));
    const signal = (value: (newest: NewEvent<"signal">) => number | undefined) =>
      plainArray(deviceIds.map((id) => mapped(signals.get(id), value)));
    await tx.query({
      name: "project-module",
      text: PROJECT_MODULE,
      values: [
        plainArray(deviceIds),
        state(({ epoch }) => epoch),
        state(({ event }) => event.seq),
        state(({ event }) => event.to),
        state(({ event }) => new Date(event.at).toISOString()),
        plainArray(deviceIds.map((id) => telling.get(id)?.event.cause ?? null)),
        signal(({ epoch }) => epoch),
        signal(({ event }) => event.seq),
        signal(({ event }) => signalDbm(event.rssi)),
        deviceIds.map((id) => located.get(id)?.event.cell ?? null),
      ],
    });
  }

  /** For the history of connections only: which configuration an interval was lived under. */
  private async applyConfigs(tx: Transaction, events: NewEvent<"config">[]): Promise<void> {
    if (events.length === 0) return;
    await tx.query({
      name: "project-config-version",
      text: `UPDATE device_state s SET config_version = greatest(s.config_version, v.version)
               FROM (SELECT device_id, max(version) AS version FROM unnest($1::uuid[], $2::int[]) AS u (device_id, version)
                      GROUP BY device_id) AS v
              WHERE s.device_id = v.device_id`,
      values: [
        plainArray(events.map(({ deviceId }) => deviceId)),
        plainArray(events.map(({ event }) => event.version)),
      ],
    });
  }
}

/**
 * Whether a change of state says why a device is away, or that it is back. The agent's own attempts to bring it back are
 * "requested", too, and must not hide what they are made for.
 */
function tellsWhy({ from, to, cause }: Extract<FleetEvent, { kind: "state" }>): boolean {
  return cause !== "requested" || from === "connected" || to === "connected";
}

/** The newest event of a kind, by device. */
function newest<K extends Kind>(
  events: NewEvent<Kind>[],
  kind: K,
  concerns: (event: Extract<FleetEvent, { kind: K }>) => boolean = () => true,
): Map<string, NewEvent<K>> {
  const byDevice = new Map<string, NewEvent<K>>();
  for (const candidate of events) {
    if (!isOf(candidate, kind) || !concerns(candidate.event)) continue;
    const known = byDevice.get(candidate.deviceId);
    if (!known || isBefore(known, candidate)) byDevice.set(candidate.deviceId, candidate);
  }
  return byDevice;
}

const mapped = <T, V>(item: T | undefined, value: (item: T) => V | undefined): V | null =>
  (item === undefined ? undefined : value(item)) ?? null;

function isOf<K extends Kind>(candidate: NewEvent<Kind>, kind: K): candidate is NewEvent<Kind> & NewEvent<K> {
  return candidate.event.kind === kind;
}

function isBefore(a: Numbered, b: Numbered): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.event.seq < b.event.seq);
}
