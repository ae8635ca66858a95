import {
  type ConfigState,
  type ConfigVersion,
  type ConfigVersionDetail,
  type ConfigVersionQuery,
  configWarnings,
  HIDDEN_PASSWORD,
  type Page,
} from "@mn316-fleet/contracts";
import type { AtPolicy, DesiredFrame, HelloFrame, ReportedConfig, WelcomeFrame } from "@mn316-fleet/protocol";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { z } from "zod";
import { Idempotency, type OnceRequest } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { AuditTrail } from "../audit/audit-trail";
import { Database, type Transaction } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { invalid, notFound } from "../platform/problems/problem.error";
import { ConfigFrames } from "./config-frames";
import { type ConfigVersionRow, ConfigVersionsStore } from "./config-versions.store";
import { type ConfigReport, type ConfigRow, ConfigsStore, type VersionCause } from "./configs.store";
import { driftOf } from "./drift";
import { otherVersion, type VersionCondition } from "./if-match";
import { mergePatch } from "./merge-patch";
import { explain } from "./overlay";
import { PasswordsStore } from "./passwords.store";
import { withoutSecrets } from "./reported";
import { fillTexts, valuesOf } from "./resolve";
import { nextVersion, Resolver } from "./resolver";
import { passwordIn, withoutPassword } from "./settings-password";

/** Settings of a device's own, and the password that belongs to them. */
type Own = Pick<ConfigRow, "own" | "ownPasswordId">;

/** The desired configuration of devices: profiles overlaid by their own settings, a versioned twin of what each module reports. */
@Injectable()
export class ConfigsService {
  constructor(
    private readonly database: Database,
    private readonly store: ConfigsStore,
    private readonly versions: ConfigVersionsStore,
    private readonly passwords: PasswordsStore,
    private readonly resolver: Resolver,
    private readonly frames: ConfigFrames,
    private readonly idempotency: Idempotency,
    private readonly trail: AuditTrail,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @param isExplained says of each value where it comes from now */
  async get(deviceId: string, isExplained = false): Promise<ConfigState> {
    const row = await this.store.find(deviceId);
    if (!row) throw notFound("device", deviceId);
    const state = toState(row);
    if (!isExplained || !row.desired) return state;
    const [outcome] = await this.resolver.resolve(this.database.pool, [row]);
    const filled = shown(fillTexts(row.desired, valuesOf(row)), row.passwordId);
    return { ...state, explain: explain(state.desired, outcome?.layers ?? [], filled) };
  }

  /** Replaces the device's own settings; see `HIDDEN_PASSWORD` for what becomes of the stored password. */
  put(deviceId: string, settings: Record<string, unknown>, condition: VersionCondition, author: string) {
    return this.write(deviceId, condition, { author, source: "device" }, (tx, row) => this.ownAfter(tx, row, settings));
  }

  /** Changes the device's own settings by a JSON merge patch; what comes of it is checked as a whole. */
  patch(deviceId: string, patch: Record<string, unknown>, condition: VersionCondition, author: string) {
    return this.write(deviceId, condition, { author, source: "device" }, (tx, row) =>
      this.ownAfter(tx, row, keepingNullPassword(patch, mergePatch(row.own ?? {}, patch))),
    );
  }

  /** Removes the device's own settings: what its profiles say holds alone. */
  remove(deviceId: string, condition: VersionCondition, author: string) {
    return this.write(deviceId, condition, { author, source: "removed" }, () =>
      Promise.resolve({ own: null, ownPasswordId: null }),
    );
  }

  /** Makes the document of an earlier version, with the password that it had, the device's own settings. */
  revert(deviceId: string, version: number, condition: VersionCondition, author: string, key: RequestKey) {
    const cause: VersionCause = { author, source: "revert", sourceVersion: version };
    const next = async (tx: Transaction) => {
      const former = await this.versions.find(deviceId, version, tx);
      if (!former) throw notFound("version of this configuration", String(version));
      return { own: former.document, ownPasswordId: former.document && former.passwordId };
    };
    return this.write(deviceId, condition, cause, next, { ...key, request: ["revert", deviceId, version] });
  }

  async history(deviceId: string, { cursor, limit }: ConfigVersionQuery): Promise<Page<ConfigVersion>> {
    await this.mustExist(deviceId);
    const rows = await this.versions.list(deviceId, limit, decodeCursor(cursor, z.number().int()));
    return pageOfRows(rows, limit, toVersion, ({ version }) => version);
  }

  async version(deviceId: string, version: number): Promise<ConfigVersionDetail> {
    await this.mustExist(deviceId);
    const row = await this.versions.find(deviceId, version);
    if (!row) throw notFound("version of this configuration", String(version));
    return { ...toVersion(row), document: shown(row.document, row.passwordId) };
  }

  /** Sends the device's agent what it should have, where it is connected. */
  async sendDesired(deviceId: string): Promise<void> {
    await this.frames.send(deviceId);
  }

  /** What the device's agent should have; undefined where it was never given anything, or cannot be. */
  async desiredFrame(deviceId: string): Promise<DesiredFrame | undefined> {
    const row = await this.store.find(deviceId);
    return row && this.frames.of(row);
  }

  /** Which AT commands jobs may run on the device; undefined where it was never configured. */
  async atPolicy(deviceId: string): Promise<AtPolicy | undefined> {
    return (await this.store.find(deviceId))?.desired?.at;
  }

  /** Which AT commands jobs may run on devices; without those that were never configured. */
  async atPolicies(deviceIds: readonly string[]): Promise<Map<string, AtPolicy>> {
    const rows = await this.store.findAll(this.database.pool, deviceIds);
    return new Map(
      rows.flatMap(({ deviceId, desired }): [string, AtPolicy][] => (desired ? [[deviceId, desired.at]] : [])),
    );
  }

  /** Adds the desired configuration to the welcome of an agent that has another one. */
  async welcome(deviceId: string, { reported }: HelloFrame): Promise<Partial<WelcomeFrame>> {
    const config = withoutSecrets(reported.config);
    await this.store.takeHello(deviceId, reported.version, config);
    const row = await this.store.find(deviceId);
    if (row?.version === reported.version) await this.judgeDrift(row, config);
    // A version that the device refused or rolled back stays refused until it is written anew or asked for by a job.
    if (!row || row.version === reported.version || row.status === "rejected" || row.status === "rolled-back")
      return {};
    const frame = await this.frames.of(row);
    if (!frame) return {};
    await this.store.told([deviceId]);
    const { type: _type, ...desired } = frame;
    return { desired };
  }

  /** Takes what an agent says at once of a version. */
  async report(report: ConfigReport): Promise<void> {
    await this.store.report(this.database.pool, [report]);
    const row = await this.store.find(report.deviceId);
    if (report.status === "applied" && row?.version === report.version) await this.judgeDrift(row, report.config);
  }

  private async judgeDrift(row: ConfigRow, config: ReportedConfig | null): Promise<void> {
    if (!config || !row.desired) return;
    const frame = await this.frames.of(row);
    if (frame) await this.store.writeDrift(row.deviceId, row.version, driftOf(frame.config, config).length > 0);
  }

  private async write(
    deviceId: string,
    condition: VersionCondition,
    cause: VersionCause,
    next: (tx: Transaction, row: ConfigRow) => Promise<Own>,
    request: OnceRequest = UNKEYED,
  ): Promise<ConfigState> {
    const written = await this.idempotency.once(request, async (tx) => {
      const [row] = await this.store.lock(tx, [deviceId]);
      if (!row) throw notFound("device", deviceId);
      if (!condition(row.version)) throw otherVersion("configuration", row.version, toState(row));
      const own = await next(tx, row);
      const [outcome] = await this.resolver.resolve(tx, [{ ...row, ...own }]);
      if (!outcome || outcome.problems.length > 0) throw invalid(outcome?.problems ?? []);
      await this.store.writeOwn(tx, { deviceId, ...own, own: own.own && withoutPassword(own.own) });
      await this.store.writeVersions(tx, [nextVersion({ ...outcome, row }, cause)]);
      const [after] = await this.store.findAll(tx, [deviceId]);
      if (!after) throw notFound("device", deviceId);
      const state = toState(after);
      await this.trail.changed(tx, { before: changeable(toState(row)), after: changeable(state) });
      return { id: deviceId, state };
    });
    if ("isRepeat" in written) return this.get(deviceId);
    const { state } = written;
    this.logger.info({ deviceId, version: state.version, source: cause.source }, "desired configuration written");
    await this.frames.tell([deviceId]);
    return state;
  }

  /** Own settings as a caller sends them: the password goes where it is encrypted, once the rules are known to hold. */
  private async ownAfter(tx: Transaction, row: ConfigRow, settings: Record<string, unknown>): Promise<Own> {
    const given = passwordIn(settings);
    const own = withoutPassword(settings);
    if (given === HIDDEN_PASSWORD && row.passwordId === null && row.ownPasswordId === null)
      throw invalid([
        {
          path: "mqtt.password",
          rule: "hidden",
          message: `no password is stored that ${HIDDEN_PASSWORD} could stand for`,
        },
      ]);
    if (given === undefined || given === HIDDEN_PASSWORD) return { own, ownPasswordId: row.ownPasswordId };
    if (given === null) return { own, ownPasswordId: null };
    if (typeof given !== "string") return { own: settings, ownPasswordId: null }; // which the rules will refuse
    return { own, ownPasswordId: await this.passwords.add(tx, given, row.deviceId) };
  }

  private async mustExist(deviceId: string): Promise<void> {
    if (!(await this.store.find(deviceId))) throw notFound("device", deviceId);
  }
}

/** Of a write that `If-Match` alone guards. */
const UNKEYED: OnceRequest = { callerId: "", key: undefined, request: undefined };

/** In a merge patch null removes a member, but a removed password means "keep the stored one": so null must survive. */
function keepingNullPassword(patch: Record<string, unknown>, merged: unknown): Record<string, unknown> {
  const settings = merged as Record<string, unknown>;
  if (passwordIn(patch) !== null) return settings;
  return { ...settings, mqtt: { ...(settings.mqtt as object | undefined), password: null } };
}

/** What a write changes of a configuration. */
const changeable = ({ version, own, desired }: ConfigState) => ({ version, own, desired });

function toState(row: ConfigRow): ConfigState {
  const { version, desired, passwordId, own, ownPasswordId, reported, shownStatus, reason, problems } = row;
  const warnings = desired ? configWarnings(desired) : [];
  const why = problems ? "Its profiles and own settings make no valid configuration together: see errors." : reason;
  return {
    version,
    desired: shown(desired, passwordId),
    reported,
    status: shownStatus,
    ...(why !== null && { reason: why }),
    ...(warnings.length > 0 && { warnings }),
    ...(problems && { errors: problems }),
    own: own && (ownPasswordId === null ? own : shown(own as { mqtt?: object }, ownPasswordId)),
  };
}

function shown<T extends { mqtt?: object }>(document: T | null, passwordId: string | null): T | null {
  if (!document || passwordId === null) return document;
  return { ...document, mqtt: { ...document.mqtt, password: HIDDEN_PASSWORD } };
}

function toVersion(row: ConfigVersionRow): ConfigVersion {
  const { version, at, author, source, sourceId, sourceName, sourceVersion, changes } = row;
  return {
    version,
    at: at.toISOString(),
    author,
    source: {
      kind: source,
      ...(sourceId !== null && { id: sourceId }),
      ...(sourceName !== null && { name: sourceName }),
      ...(sourceVersion !== null && { version: sourceVersion }),
    },
    changes,
  };
}
