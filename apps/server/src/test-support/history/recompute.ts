import { type KnownModuleState, TIMEOUT_NAMES } from "@mn316-fleet/manual";
import type { FleetEvent } from "@mn316-fleet/protocol";
import { latencyBucket } from "../../history/latency-buckets";
import { ROLLUP_NAMES } from "../../history/rollups/rollup-tables";
import { HOST_FLEET } from "../../platform/database/fleet-scope";
import type { Stretch, ToldHistory } from "./told-history";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Of UTC, from the first day of 1970 on. */
const WEEK_MS = 7 * DAY_MS;
const AT_REST: readonly KnownModuleState[] = ["uninitialized", "initialized", "disconnected", "unknown"];
const TELLS_NOTHING: readonly string[] = ["unknown", "requested", "agent-stopped"];

/** Values by table, and there by key. */
export type Recomputed = Record<string, Record<string, unknown>>;

const hourOf = (ms: number) => Math.floor(ms / HOUR_MS) * HOUR_MS;
/** A value for each day of a week. */
const inDays = (day: number, value: number) => Array.from({ length: 7 }, (_, other) => (other === day ? value : 0));
const isAtRest = (state: KnownModuleState) => AT_REST.includes(state);
const isConnecting = (state: KnownModuleState) => !isAtRest(state) && state !== "connected";

/**
 * What the rollups must hold, from whole histories that lie side by side: slow, and written without a look at how the server
 * does it step by step.
 */
export function recompute(histories: ({ deviceId: string } & ToldHistory)[]): Recomputed {
  const tables: Record<string, Map<string, number[]>> = Object.fromEntries(
    [...ROLLUP_NAMES, "state_hour"].map((name) => [name, new Map<string, number[]>()]),
  );
  const add = (table: string, key: (string | number)[], ...by: number[]) => {
    const rows = tables[table]!;
    const before = rows.get(key.join(" ")) ?? by.map(() => 0);
    rows.set(
      key.join(" "),
      before.map((value, index) => value + by[index]!),
    );
  };
  const count = (table: string, metric: string, deviceId: string, at: number, key: string | number, by = 1) => {
    if (table) add(table, [deviceId, hourOf(at), ...(key === "" ? [] : [key])], by);
    add("fleet_hour", [HOST_FLEET, metric, hourOf(at), key], by);
  };
  const outages: Record<string, unknown> = {};
  for (const { deviceId, epochs, stretches } of histories) {
    for (const { state, began, left } of stretches)
      for (let hour = hourOf(began); left && hour < left.at; hour += HOUR_MS) {
        const ms = Math.min(left.at, hour + HOUR_MS) - Math.max(began, hour);
        if (ms === 0) continue;
        count("state_hour", "state-ms", deviceId, hour, state, ms);
        if (state === "unknown") continue;
        const week = Math.floor(hour / WEEK_MS) * WEEK_MS;
        const day = Math.floor((hour - week) / DAY_MS);
        const isDaysBegin = hour % DAY_MS === 0 && began <= hour;
        const begin = isDaysBegin ? 256 ** day : 0;
        const [connectedMs, connectedBegin] = state === "connected" ? [ms, begin] : [0, 0];
        add(
          "availability_week",
          [deviceId, week],
          ...inDays(day, connectedMs),
          ...inDays(day, ms),
          connectedBegin,
          begin,
        );
      }
    for (const [index, { state, left }] of stretches.entries())
      if (state === "connected" && left && stretches[index + 1]!.state !== "unknown")
        count("disconnect_hour", "disconnect", deviceId, left.at, left.cause);
    for (const { at, ms } of connects(stretches)) count("connect_hour", "connect", deviceId, at, latencyBucket(ms));
    for (const outage of outagesOf(stretches, epochs)) {
      outages[`${deviceId} ${outage.epoch} ${outage.seq}`] = outage;
      const downMs = outage.ended - outage.began - outage.unknownMs;
      count("", "outage", deviceId, outage.began, latencyBucket(downMs));
      count("", "outage-count", deviceId, outage.began, outage.cause!);
      count("", "outage-ms", deviceId, outage.began, outage.cause!, downMs);
    }
    for (const event of epochs.flat()) {
      if (event.kind === "reconnect") count("reconnect_hour", "reconnect", deviceId, event.at, "");
      if (event.kind === "timeout") {
        add(
          "timeout_hour",
          [deviceId, hourOf(event.at)],
          ...TIMEOUT_NAMES.map((_, type) => Number(type + 1 === event.type)),
        );
        add("fleet_hour", [HOST_FLEET, "timeout", hourOf(event.at), TIMEOUT_NAMES[event.type - 1]!], 1);
      }
      if (event.kind === "signal" && event.rssi !== 99)
        add("fleet_hour", [HOST_FLEET, "signal", hourOf(event.at), event.rssi * 2 - 113], 1);
    }
    const samples = signals(epochs.flat());
    for (const hour of new Set(samples.map(({ at }) => hourOf(at)))) {
      const dbms = samples.filter(({ at }) => hourOf(at) === hour).map(({ dbm }) => dbm);
      const sum = dbms.reduce((all, dbm) => all + dbm, 0);
      tables.signal_hour!.set(`${deviceId} ${hour}`, [dbms.length, sum, Math.min(...dbms), Math.max(...dbms)]);
    }
  }
  const filled = (rows: Map<string, number[]>) =>
    Object.fromEntries([...rows].filter(([, values]) => values.some((value) => value !== 0)));
  return { ...Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, filled(rows)])), outage: outages };
}

const signals = (events: FleetEvent[]) =>
  events.flatMap((event) =>
    event.kind === "signal" && event.rssi !== 99 ? [{ at: event.at, dbm: event.rssi * 2 - 113 }] : [],
  );

/** For each connection, how long the run of connecting states before it was, where it began from rest. */
function connects(stretches: readonly Stretch[]): { at: number; ms: number }[] {
  return stretches.flatMap(({ state, began }, index) => {
    let first = index;
    while (first > 0 && isConnecting(stretches[first - 1]!.state)) first--;
    const rest = stretches[first - 1];
    if (state !== "connected" || first === index || !rest || !isAtRest(rest.state)) return [];
    return [{ at: began, ms: began - stretches[first]!.began }];
  });
}

/** From each state that follows a connection (with nothing but the unknown between) to the next connection. */
function outagesOf(stretches: readonly Stretch[], epochs: readonly FleetEvent[][]) {
  return stretches.flatMap(({ state, began }, index) => {
    if (state === "connected" || state === "unknown") return [];
    const before = stretches
      .slice(0, index)
      .filter((stretch) => stretch.state !== "unknown")
      .at(-1);
    if (before?.state !== "connected") return [];
    const length = stretches.slice(index).findIndex((stretch) => stretch.state === "connected");
    if (length < 0) return [];
    const during = stretches.slice(index, index + length);
    const beginning = stretches[index - 1]!.left!;
    const { at: ended, epoch, seq } = during.at(-1)!.left!;
    const reasons = [beginning.cause];
    for (const [step, { left }] of during.entries())
      if (left && !["unknown", "connected"].includes(stretches[index + step + 1]!.state))
        if (!TELLS_NOTHING.includes(left.cause)) reasons.push(left.cause);
    const [first, next = first] = reasons;
    const earlier = epochs.flatMap((events, number) =>
      events.filter(
        (event) => number + 1 < beginning.epoch || (number + 1 === beginning.epoch && event.seq < beginning.seq),
      ),
    );
    const versions = earlier.flatMap((event) =>
      event.kind === "config" && event.status === "applied" ? [event.version] : [],
    );
    return [
      {
        epoch,
        seq,
        began,
        ended,
        unknownMs: during
          .filter((stretch) => stretch.state === "unknown")
          .reduce((sum, stretch) => sum + (stretch.left?.at ?? stretch.began) - stretch.began, 0),
        cause: first === "unknown" ? next : first,
        cell: earlier.flatMap((event) => (event.kind === "signal" && event.cell ? [event.cell] : [])).at(-1) ?? null,
        configVersion: versions.length > 0 ? Math.max(...versions) : null,
      },
    ];
  });
}
