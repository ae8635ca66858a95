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

/** The last that is known of each device, by the newest event in (epoch, seq), whatever order they come in. */
@Injectable()
export class DeviceStateProjector implements Projector<Kind> {
  readonly name = "device-state";
  readonly kinds = ["state", "signal", "config"] as const;

  async apply(tx: Transaction, events: NewEvent<Kind>[]): Promise<void> {
    await this.applyStates(tx, newest(events, "state"), newest(events, "state", tellsWhy));
    await this.applySignals(
      tx,
      newest(events, "signal"),
      newest(events, "signal", ({ cell }) => cell !== undefined),
    );
    await this.applyConfigs(
      tx,
      events.flatMap((event) => (isOf(event, "config") && event.event.status === "applied" ? [event] : [])),
    );
  }

  /** @param telling of each device the newest event that says why its module is where it is, where there is one */
  private async applyStates(tx: Transaction, events: NewEvent<"state">[], telling: NewEvent<"state">[]): Promise<void> {
    if (events.length === 0) return;
    const causes = new Map(telling.map(({ deviceId, event }) => [deviceId, event.cause]));
    await tx.query({
      name: "project-module-state",
      text: `UPDATE device_state s
                SET module_state = v.state, module_since = v.since, cause = coalesce(v.cause, s.cause),
                    state_epoch = v.epoch, state_seq = v.seq
               FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[])
                 AS v (device_id, epoch, seq, state, since, cause)
              WHERE s.device_id = v.device_id AND (s.state_epoch, s.state_seq) < (v.epoch, v.seq)`,
      values: [
        ...keys(events),
        plainArray(events.map(({ event }) => event.to)),
        plainArray(events.map(({ event }) => new Date(event.at).toISOString())),
        plainArray(events.map(({ deviceId }) => causes.get(deviceId) ?? null)),
      ],
    });
  }

  /** @param located of each device the newest event that names a cell, where there is one */
  private async applySignals(
    tx: Transaction,
    events: NewEvent<"signal">[],
    located: NewEvent<"signal">[],
  ): Promise<void> {
    if (events.length === 0) return;
    const cells = new Map(located.map(({ deviceId, event }) => [deviceId, event.cell]));
    await tx.query({
      name: "project-signal",
      text: `UPDATE device_state s
                SET signal_dbm = v.dbm, cell = coalesce(v.cell, s.cell), signal_epoch = v.epoch, signal_seq = v.seq
               FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::int[], $5::text[]) AS v (device_id, epoch, seq, dbm, cell)
              WHERE s.device_id = v.device_id AND (s.signal_epoch, s.signal_seq) < (v.epoch, v.seq)`,
      values: [
        ...keys(events),
        plainArray(events.map(({ event: { rssi } }) => signalDbm(rssi) ?? null)),
        events.map(({ deviceId }) => cells.get(deviceId) ?? null),
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

/** The newest event of a kind for each device. */
function newest<K extends Kind>(
  events: NewEvent<Kind>[],
  kind: K,
  concerns: (event: Extract<FleetEvent, { kind: K }>) => boolean = () => true,
): NewEvent<K>[] {
  const byDevice = new Map<string, NewEvent<K>>();
  for (const candidate of events) {
    if (!isOf(candidate, kind) || !concerns(candidate.event)) continue;
    const known = byDevice.get(candidate.deviceId);
    if (!known || isBefore(known, candidate)) byDevice.set(candidate.deviceId, candidate);
  }
  return [...byDevice.values()];
}

function isOf<K extends Kind>(candidate: NewEvent<Kind>, kind: K): candidate is NewEvent<Kind> & NewEvent<K> {
  return candidate.event.kind === kind;
}

function isBefore(a: Numbered, b: Numbered): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.event.seq < b.event.seq);
}

function keys(events: Numbered[]): string[] {
  return [
    plainArray(events.map(({ deviceId }) => deviceId)),
    plainArray(events.map(({ epoch }) => epoch)),
    plainArray(events.map(({ event }) => event.seq)),
  ];
}
