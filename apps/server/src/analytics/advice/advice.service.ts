import {
  type Advice,
  type AdviceChange,
  type AdviceDraft,
  type AdviceQuery,
  type Advices,
  type DraftedProfile,
  type FieldError,
  type WriteProfile,
  writeProfileSchema,
} from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { createHash } from "node:crypto";
import { NO_KEY } from "../../idempotency/idempotency-key";
import { Database } from "../../platform/database/database";
import { invalid, notFound } from "../../platform/problems/problem.error";
import { fieldErrors } from "../../platform/problems/validation.pipe";
import { ProfilesService } from "../../profiles/profiles.service";
import { Asking } from "../question/asking";
import { say } from "../words";
import { type Evidence, EvidenceStore } from "./evidence.store";
import { type Finding, findings } from "./rules";

/** Habits show over days. */
const DEFAULT_RANGE_MS = 7 * 86_400_000;
/** Where each figure of the evidence can be asked for. */
const ENDPOINTS: Partial<Record<keyof Evidence, string>> = {
  pingTimeouts: "analytics/timeouts",
  connectTimeouts: "analytics/timeouts",
  publishTimeouts: "analytics/timeouts",
  heartbeatLosses: "analytics/disconnects",
  meanDbm: "analytics/signal",
  shortConnections: "devices/{id}/intervals?state=connected",
};

/** Says what settings could be better, from what happened under them, and drafts the profile that would change them. */
@Injectable()
export class AdviceService {
  constructor(
    private readonly database: Database,
    private readonly asking: Asking,
    private readonly store: EvidenceStore,
    private readonly profiles: ProfilesService,
  ) {}

  async advise({ kind, ...query }: AdviceQuery): Promise<Advices> {
    const question = await this.asking.question(query, { defaultRangeMs: DEFAULT_RANGE_MS });
    const [head, evidence] = await Promise.all([this.asking.head(question), this.store.of(question)]);
    const found = evidence
      .flatMap((each) => findings(each).map((finding) => ({ evidence: each, finding })))
      .filter(({ finding }) => kind === undefined || finding.kind === kind)
      .sort((a, b) => byUrgency(a.finding, b.finding) || (a.evidence.deviceId < b.evidence.deviceId ? -1 : 1));
    return {
      ...head,
      total: found.length,
      rows: found.slice(0, question.limit).map(({ evidence: each, finding }) => toAdvice(each, finding)),
    };
  }

  /**
   * The profile that makes the changes, above those that are there. It is checked and tried as if it were written, and not
   * stored: no device gets anything before an operator sends it.
   * @throws 422 where the pieces of advice contradict each other, or break a rule together
   */
  async draft({ deviceIds, selector, name, advice }: AdviceDraft, author: string): Promise<DraftedProfile> {
    if (deviceIds) await this.mustExist(deviceIds);
    const kinds = [...new Set(advice.map(({ kind }) => kind))];
    const parsed = writeProfileSchema.safeParse({
      name: name ?? `Advice: ${kinds.join(", ")} (${fingerprint({ deviceIds, selector, advice })})`.slice(0, 128),
      description: `Drafted from advice: ${kinds.join(", ")}.`,
      selector: selector ?? { deviceIds },
      priority: await this.priorityAbove(),
      template: together(advice.map(({ change }) => change)),
    });
    if (!parsed.success) throw invalid(fieldErrors(parsed.error.issues));
    const profile: WriteProfile = parsed.data;
    const { effect } = await this.profiles.create(profile, { dryRun: "true" }, author, NO_KEY);
    return { profile, effect };
  }

  private async mustExist(deviceIds: readonly string[]): Promise<void> {
    const { rows } = await this.database.pool.query<{ id: string }>(
      "SELECT v.id FROM unnest($1::uuid[]) AS v (id) LEFT JOIN device d ON d.id = v.id WHERE d.id IS NULL LIMIT 1",
      [deviceIds],
    );
    if (rows[0]) throw notFound("device", rows[0].id);
  }

  private async priorityAbove(): Promise<number> {
    const { rows } = await this.database.pool.query<{ priority: number }>(
      "SELECT least(1000000, coalesce(max(priority) + 1, 0)) AS priority FROM profile",
    );
    return rows[0]?.priority ?? 0;
  }
}

const byUrgency = (a: Finding, b: Finding) =>
  Number(b.severity === "warning") - Number(a.severity === "warning") || compare(b.weight, a.weight);
const compare = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);

function toAdvice(evidence: Evidence, { kind, severity, parameters, figures, effect, change }: Finding): Advice {
  const { deviceId, name, from, to, keepAliveS, ackTimeoutS, reopenAfterS, configVersion } = evidence;
  const range = `deviceId=${deviceId}&from=${from.toISOString()}&to=${to.toISOString()}`;
  return {
    id: `${kind}.${deviceId}.${fingerprint(change)}`,
    kind,
    deviceId,
    name,
    severity,
    finding: say(kind, parameters),
    evidence: {
      from: from.toISOString(),
      to: to.toISOString(),
      settings: { keepAliveS, ackTimeoutS, reopenAfterS, configVersion },
      figures: figures.map((figure) => ({
        name: figure,
        value: Number(evidence[figure]),
        endpoint: endpointOf(ENDPOINTS[figure] ?? "", deviceId, range),
      })),
    },
    effect: say(effect.code, effect.parameters),
    change,
  };
}

function endpointOf(path: string, deviceId: string, range: string): string {
  const asked = path.replace("{id}", deviceId);
  return asked.includes("?")
    ? `/api/v1/${asked}&${range.replace(/^deviceId=[^&]*&/, "")}`
    : `/api/v1/${asked}?${range}`;
}

const fingerprint = (what: unknown) => createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 8);

/** @throws 422 where two changes say different things of one setting */
function together(changes: readonly AdviceChange[]): AdviceChange {
  const errors: FieldError[] = [];
  const result = new Map<string, Map<string, number>>();
  for (const [index, change] of changes.entries())
    for (const [part, settings] of Object.entries(change))
      for (const [setting, value] of Object.entries(settings)) {
        const own = result.get(part) ?? new Map<string, number>();
        result.set(part, own);
        const before = own.get(setting) ?? value;
        if (before !== value)
          errors.push({
            path: `advice.${index}.change.${part}.${setting}`,
            rule: "contradiction",
            message: `(${value}) contradicts ${before} of another piece of advice`,
          });
        own.set(setting, value);
      }
  if (errors.length > 0) throw invalid(errors);
  return Object.fromEntries([...result].map(([part, settings]) => [part, Object.fromEntries(settings)]));
}
