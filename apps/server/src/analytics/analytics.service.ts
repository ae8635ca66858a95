import type { Availability, AvailabilityQuery, Timeouts, TimeoutsQuery } from "@mn316-fleet/contracts";
import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { invalid, notFound } from "../platform/problems/problem.error";
import { AnalyticsStore, type AvailabilityRow, type Question } from "./analytics.store";

const DEFAULT_RANGE_MS = 24 * 3_600_000;
const MAX_RANGE_MS = 400 * 86_400_000;

/** Answers from what was stored; every answer says its range and how many devices it is about. */
@Injectable()
export class AnalyticsService {
  constructor(private readonly store: AnalyticsStore) {}

  async timeouts(query: TimeoutsQuery): Promise<Timeouts> {
    const question = asQuestion(query);
    await this.mustExist(question);
    const [devices, rows] = await Promise.all([
      this.store.countDevices(question),
      this.store.timeouts(question, query.bucket),
    ]);
    const totals = Object.fromEntries(
      TIMEOUT_NAMES.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)]),
    ) as Timeouts["totals"];
    return {
      ...range(question),
      bucket: query.bucket,
      devices,
      totals,
      rows: rows.map((row) => ({ ...row, at: row.at.toISOString() })),
    };
  }

  async availability(query: AvailabilityQuery): Promise<Availability> {
    const question = asQuestion(query);
    await this.mustExist(question);
    const rows = await this.store.availability(question);
    const fleet = { connectedMs: 0, knownMs: 0 };
    for (const { connectedMs, knownMs } of rows) {
      fleet.connectedMs += connectedMs;
      fleet.knownMs += knownMs;
    }
    const shown = rows
      .map((row) => ({ deviceId: row.deviceId, ...inSeconds(row) }))
      .sort((a, b) => (a.availability ?? 2) - (b.availability ?? 2) || a.deviceId.localeCompare(b.deviceId))
      .slice(0, query.worst);
    return { ...range(question), devices: rows.length, fleet: inSeconds(fleet), rows: shown };
  }

  /** A device that is named must exist; a tag that nobody has selects nobody. */
  private async mustExist({ deviceId, ...question }: Question): Promise<void> {
    if (deviceId !== undefined && (await this.store.countDevices({ ...question, deviceId, tag: undefined })) === 0)
      throw notFound("device", deviceId);
  }
}

function inSeconds({ connectedMs, knownMs }: Omit<AvailabilityRow, "deviceId">) {
  return {
    connectedSeconds: connectedMs / 1_000,
    knownSeconds: knownMs / 1_000,
    availability: knownMs > 0 ? Math.min(1, connectedMs / knownMs) : null,
  };
}

const range = ({ from, to }: Question) => ({ from: from.toISOString(), to: to.toISOString() });

/** The last 24 hours unless the query says otherwise. */
function asQuestion(query: {
  from?: string | undefined;
  to?: string | undefined;
  deviceId?: string | undefined;
  tag?: string | undefined;
}): Question {
  const to = query.to ? new Date(query.to) : new Date();
  const from = query.from ? new Date(query.from) : new Date(to.getTime() - DEFAULT_RANGE_MS);
  if (from >= to) throw invalid([{ path: "from", rule: "before-to", message: "must lie before `to`" }]);
  if (to.getTime() - from.getTime() > MAX_RANGE_MS)
    throw invalid([{ path: "from", rule: "range", message: "the range must not exceed 400 days" }]);
  return { from, to, deviceId: query.deviceId, tag: query.tag };
}
