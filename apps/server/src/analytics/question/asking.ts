import type { AnswerHead, QuestionQuery, Selector } from "@mn316-fleet/contracts";
import { Inject, Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { invalid, notFound } from "../../platform/problems/problem.error";
import { SETTINGS, type Settings } from "../../platform/settings/settings";
import { devicesSql } from "./devices.sql";
import { DeviceTimes, type FleetTime } from "./device-times";
import { HourlyStates } from "./hourly-states";
import { FEW_DEVICES, inBuckets, type NamedProfile, ofFew, type Question, type Selection } from "./question";
import { Statement } from "./statement";
import { TimeFrame } from "./time-frame";

const DEFAULT_RANGE_MS = 24 * 3_600_000;
const DAY_MS = 86_400_000;
const MAX_RANGE_MS = 400 * DAY_MS;

/** Makes a question of a query, and the head of its answer. */
@Injectable()
export class Asking {
  constructor(
    private readonly database: Database,
    private readonly times: DeviceTimes,
    private readonly states: HourlyStates,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "retentionDays">,
  ) {}

  /**
   * The time until now, of the default length, unless the query says otherwise.
   * @throws 422 for a range that is none; 404 for a device or a profile that is named and does not exist
   */
  async question(query: QuestionQuery, { defaultRangeMs = DEFAULT_RANGE_MS } = {}): Promise<Question> {
    const now = new Date();
    const toMs = query.to === undefined ? now.getTime() : Date.parse(query.to);
    const fromMs = query.from === undefined ? toMs - defaultRangeMs : Date.parse(query.from);
    if (fromMs >= toMs) throw invalid([{ path: "from", rule: "before-to", message: "must lie before `to`" }]);
    if (toMs - fromMs > MAX_RANGE_MS)
      throw invalid([{ path: "from", rule: "range", message: "the range must not exceed 400 days" }]);
    const selection = await this.selection(query);
    const { timeZone, groupBy } = query;
    const question: Question = {
      selection,
      isFleet: Object.values(selection).every((criterion) => criterion === undefined),
      frame: new TimeFrame({ fromMs, toMs, timeZone, unit: query.bucket ?? "hour" }),
      groupBy,
      profiles: groupBy === "profile" ? await this.profiles() : [],
      limit: query.limit ?? 50,
      retainedMs: Math.floor(now.getTime() / DAY_MS) * DAY_MS - this.settings.retentionDays * DAY_MS,
      nowMs: now.getTime(),
    };
    return question.isFleet ? question : ofFew(question, await this.ids(question));
  }

  /** Ids of the question's devices, one more than few at most. */
  private async ids(question: Question): Promise<string[]> {
    const statement = new Statement();
    const rows = await statement.rows<{ device_id: string }>(
      this.database.pool,
      `${devicesSql(statement, question)} LIMIT ${FEW_DEVICES + 1}`,
    );
    return rows.map(({ device_id: id }) => id);
  }

  /** @param known what is known of the devices' time already, where it is */
  async head(question: Question, known?: FleetTime): Promise<AnswerHead> {
    const { frame, retainedMs } = question;
    const { devices, knownMs, existedMs: existed } = known ?? (await this.fleetTime(question));
    return {
      from: new Date(frame.fromMs).toISOString(),
      to: new Date(frame.toMs).toISOString(),
      timeZone: frame.timeZone,
      devices,
      unknownShare: existed > 0 ? Math.min(1, Math.max(0, 1 - knownMs / existed)) : null,
      ...(!frame.countedFrom(retainedMs).isExact && { exactFrom: new Date(retainedMs).toISOString() }),
    };
  }

  /** How long the devices were there, known and connected, in the range. */
  async fleetTime(question: Question): Promise<FleetTime> {
    if (!question.isFleet) return this.times.total(question);
    const [existence, states] = await Promise.all([
      this.times.existence(question),
      this.states.byBucket(inBuckets(question, "range")),
    ]);
    const sum = (isCounted: (state: string) => boolean) =>
      states.reduce((all, { state, ms }) => all + (isCounted(state) ? ms : 0), 0);
    return {
      ...existence,
      knownMs: sum((state) => state !== "unknown"),
      connectedMs: sum((state) => state === "connected"),
    };
  }

  private async selection(query: QuestionQuery): Promise<Selection> {
    const { deviceId, cell, profile } = query;
    if (deviceId !== undefined && !(await this.exists(deviceId))) throw notFound("device", deviceId);
    return {
      deviceId,
      cell,
      selector: asSelector(query),
      profile: profile === undefined ? undefined : await this.profile(profile),
    };
  }

  private async exists(deviceId: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query("SELECT 1 FROM device WHERE id = $1", [deviceId]);
    return rowCount === 1;
  }

  private async profile(id: string): Promise<NamedProfile> {
    const found = (await this.profiles()).find((profile) => profile.id === id);
    if (!found) throw notFound("profile", id);
    return found;
  }

  private async profiles(): Promise<NamedProfile[]> {
    const { rows } = await this.database.pool.query<NamedProfile>("SELECT id, name, selector FROM profile");
    return rows;
  }
}

function asSelector({ tag, q, state, online, firmware, imei }: QuestionQuery): Selector | undefined {
  const selector: Selector = {
    ...(tag !== undefined && { tags: [tag] }),
    ...(q !== undefined && { q }),
    ...(state !== undefined && { state: [state] }),
    ...(online !== undefined && { online: online === "true" }),
    ...(firmware !== undefined && { firmware }),
    ...(imei !== undefined && { imei }),
  };
  return Object.keys(selector).length > 0 ? selector : undefined;
}
