import { type KnownModuleState, TIMEOUT_NAMES, TIMEOUT_TYPES, type TimeoutType } from "@mn316-fleet/manual";
import type { FleetEvent } from "@mn316-fleet/protocol";
import type { NewEvent } from "../../ingest/projectors";
import { latencyBucket } from "../latency-buckets";
import { signalDbm } from "../signal-dbm";
import { inWeek, weekOf } from "./availability-weeks";
import { trustedBegin } from "./interval-limits";
import { type EndedOutage, follow, type OutageProgress, type Surroundings } from "./outage-machine";
import { ROLLUP_NAMES, type RollupName, ROLLUPS } from "./rollup-tables";
import { Sums } from "./sums";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The kinds of events that rollups are made of. */
export const ROLLUP_KINDS = ["state", "timeout", "reconnect", "signal", "config"] as const;
export type RollupKind = (typeof ROLLUP_KINDS)[number];
type EventOf<K extends RollupKind> = Extract<FleetEvent, { kind: K }>;

/** Where a device stood before the events, and then after them. */
export interface Standing extends Surroundings {
  progress: OutageProgress | undefined;
}

/** Nothing to add to any rollup. */
export function emptySums(): Record<RollupName, Sums> {
  return Object.fromEntries(ROLLUP_NAMES.map((name) => [name, new Sums(ROLLUPS[name])])) as Record<RollupName, Sums>;
}

const hourOf = (at: number) => Math.floor(at / HOUR_MS);

/** Adds up what events bring to each rollup. A device's events come in its own order; a pure matter, without a database. */
export class Tally {
  readonly sums = emptySums();
  readonly outages: (EndedOutage & { deviceId: string })[] = [];

  /** Whose the event is that is added just now. */
  private fleetId: number | undefined;

  /**
   * @param standings of every device that has `state` events; they are moved on
   * @param fleets whose each device is
   */
  constructor(
    private readonly standings: ReadonlyMap<string, Standing>,
    private readonly fleets: ReadonlyMap<string, number>,
  ) {}

  get isEmpty(): boolean {
    return ROLLUP_NAMES.every((name) => this.sums[name].size === 0);
  }

  add({ deviceId, epoch, event }: NewEvent<RollupKind>): void {
    this.fleetId = this.fleets.get(deviceId);
    switch (event.kind) {
      case "state":
        this.addState(deviceId, epoch, event);
        return;
      case "timeout":
        this.addTimeout(deviceId, event);
        return;
      case "reconnect":
        this.count("reconnect_hour", "reconnect", deviceId, hourOf(event.at));
        return;
      case "signal":
        this.addSignal(deviceId, event);
        return;
      case "config": {
        const standing = this.standings.get(deviceId);
        if (standing && event.status === "applied")
          standing.configVersion = Math.max(standing.configVersion ?? 0, event.version);
      }
    }
  }

  private addState(deviceId: string, epoch: number, event: EventOf<"state">): void {
    const { from, to, at, cause } = event;
    this.addTime(deviceId, from, trustedBegin(event.since, at), at);
    if (from === "connected" && to !== "unknown")
      this.count("disconnect_hour", "disconnect", deviceId, hourOf(at), cause);
    const standing = this.standings.get(deviceId);
    if (!standing) throw new Error(`nobody said where device ${deviceId} stood`);
    const step = follow(standing.progress, { ...event, epoch }, standing);
    if (!step) return;
    standing.progress = step.progress;
    if (step.connectMs !== undefined)
      this.count("connect_hour", "connect", deviceId, hourOf(at), latencyBucket(step.connectMs));
    if (step.ended) this.addOutage(deviceId, step.ended);
  }

  /** The fleet's sums hold an outage in the hour in which it began, as the list of outages does. */
  private addOutage(deviceId: string, outage: EndedOutage): void {
    this.outages.push({ ...outage, deviceId });
    const { began, ended, unknownMs, cause } = outage;
    const downMs = ended - began - unknownMs;
    this.fleet("outage", hourOf(began), latencyBucket(downMs), 1);
    this.fleet("outage-count", hourOf(began), cause, 1);
    this.fleet("outage-ms", hourOf(began), cause, downMs);
  }

  private addTime(deviceId: string, state: KnownModuleState, began: number, ended: number): void {
    for (let hour = hourOf(began); hour * HOUR_MS < ended; hour++) {
      const ms = Math.min(ended, (hour + 1) * HOUR_MS) - Math.max(began, hour * HOUR_MS);
      if (ms <= 0) continue;
      this.fleet("state-ms", hour, state, ms);
    }
    if (state !== "unknown") this.addAvailability(deviceId, state === "connected", began, ended);
  }

  private addAvailability(deviceId: string, isConnected: boolean, began: number, ended: number): void {
    for (let day = Math.floor(began / DAY_MS); day * DAY_MS < ended; day++) {
      const knownMs = Math.min(ended, (day + 1) * DAY_MS) - Math.max(began, day * DAY_MS);
      if (knownMs <= 0) continue;
      const knownBegins = Number(began <= day * DAY_MS);
      const connected = Number(isConnected);
      this.sums.availability_week.add(
        [deviceId, weekOf(day)],
        inWeek(day, {
          connectedMs: connected * knownMs,
          knownMs,
          connectedBegins: connected * knownBegins,
          knownBegins,
        }),
      );
    }
  }

  private addTimeout(deviceId: string, { type, at }: EventOf<"timeout">): void {
    const name = TIMEOUT_TYPES[type as TimeoutType];
    this.sums.timeout_hour.add(
      [deviceId, hourOf(at)],
      TIMEOUT_NAMES.map((other) => Number(other === name)),
    );
    this.fleet("timeout", hourOf(at), name, 1);
  }

  private addSignal(deviceId: string, { rssi, cell, at }: EventOf<"signal">): void {
    const standing = this.standings.get(deviceId);
    if (standing && cell !== undefined) standing.cell = cell;
    const dbm = signalDbm(rssi);
    if (dbm === undefined) return;
    this.sums.signal_hour.add([deviceId, hourOf(at)], [1, dbm, dbm, dbm]);
    this.fleet("signal", hourOf(at), dbm, 1);
  }

  private count(
    table: "disconnect_hour" | "connect_hour" | "reconnect_hour",
    metric: string,
    deviceId: string,
    hour: number,
    key?: string | number,
  ): void {
    this.sums[table].add(key === undefined ? [deviceId, hour] : [deviceId, hour, key], [1]);
    this.fleet(metric, hour, key ?? "", 1);
  }

  private fleet(metric: string, hour: number, key: string | number, value: number): void {
    if (this.fleetId !== undefined) this.sums.fleet_hour.add([this.fleetId, metric, hour, key], [value]);
  }
}
