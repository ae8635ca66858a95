import type { FleetClient } from "@mn316-fleet/client";
import type { Device, Flapping, Outages } from "@mn316-fleet/contracts";

/** Why a device should be looked at. */
export type Reason =
  | { kind: "outage"; seconds: number; cause: Outages["rows"][number]["cause"] }
  | { kind: "flapping"; peakPerHour: number }
  | { kind: "config"; status: Device["config"]["status"] };

export interface Attention {
  deviceId: string;
  name: string;
  reasons: Reason[];
}

interface Found {
  outages: Outages["rows"];
  flapping: Flapping["rows"];
  configs: readonly Device[];
}

/** States of a module that is away from its broker and whose agent says so. */
const AWAY = ["disconnected", "reconnecting"] as const;
const FAULTY = ["rolled-back", "rejected", "drifted"] as const;
/** An outage that is older was told of before: it is looked for within so many days. */
const OUTAGE_DAYS = 30;
const DAY_MS = 86_400_000;

/** The devices that need attention first. @param limit how many of them */
export async function loadAttention(client: FleetClient, limit: number, signal: AbortSignal): Promise<Attention[]> {
  const from = new Date(Date.now() - OUTAGE_DAYS * DAY_MS).toISOString();
  const [flapping, outages, configs] = await Promise.all([
    client.analytics.flapping({ limit }, { signal }),
    Promise.all(AWAY.map((state) => client.analytics.outages({ state, from, limit: 100 }, { signal }))),
    Promise.all(FAULTY.map((config) => client.devices.list({ config, limit }, { signal }))),
  ]);
  return byUrgency({
    outages: outages.flatMap(({ rows }) => rows),
    flapping: flapping.rows,
    configs: configs.flatMap(({ items }) => items),
  }).slice(0, limit);
}

/** One entry a device: those with most reasons first, of these those that are away for longest. */
export function byUrgency({ outages, flapping, configs }: Found): Attention[] {
  const found = new Map<string, Attention>();
  const add = (deviceId: string, name: string, reason: Reason) => {
    const known = found.get(deviceId) ?? { deviceId, name, reasons: [] };
    known.reasons.push(reason);
    found.set(deviceId, known);
  };
  for (const { deviceId, name, ended, seconds, cause } of outages)
    if (ended === null) add(deviceId, name, { kind: "outage", seconds, cause });
  for (const { deviceId, name, peakPerHour } of flapping) add(deviceId, name, { kind: "flapping", peakPerHour });
  for (const { id, name, config } of configs) add(id, name, { kind: "config", status: config.status });
  const awayFor = ({ reasons }: Attention) =>
    Math.max(0, ...reasons.map((reason) => (reason.kind === "outage" ? reason.seconds : 0)));
  return [...found.values()].sort((a, b) => b.reasons.length - a.reasons.length || awayFor(b) - awayFor(a));
}
