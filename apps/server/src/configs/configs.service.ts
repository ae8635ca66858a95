import {
  brokenRules,
  type ConfigDocument,
  configDocumentSchema,
  type ConfigState,
  configWarnings,
  type FieldError,
  HIDDEN_PASSWORD,
} from "@mn316-fleet/contracts";
import type { AtPolicy, DesiredFrame, HelloFrame, WelcomeFrame } from "@mn316-fleet/protocol";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { AgentLinks } from "../gateway/agent-links";
import { Database } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { invalid, notFound, ProblemError } from "../platform/problems/problem.error";
import { fieldErrors } from "../platform/problems/validation.pipe";
import { type ConfigRow, ConfigsStore } from "./configs.store";
import { entityTag, type VersionCondition } from "./if-match";
import { mergePatch } from "./merge-patch";
import { PasswordVault, WrongKeyError } from "./password-vault";
import { pathsNeedingImei, resolve, type StoredDocument } from "./resolve";
import { withoutSecrets } from "./reported";

/** Time that a module on NB-IoT may take to connect before the agent rolls a configuration back. */
const CONFIRM_WITHIN_S = 60;

/** The desired configuration of devices: a versioned twin of what each module reports. */
@Injectable()
export class ConfigsService {
  constructor(
    private readonly database: Database,
    private readonly store: ConfigsStore,
    private readonly vault: PasswordVault,
    private readonly links: AgentLinks,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async get(deviceId: string): Promise<ConfigState> {
    const row = await this.store.find(deviceId);
    if (!row) throw notFound("device", deviceId);
    return toState(row);
  }

  /** Replaces the document; see `HIDDEN_PASSWORD` for what becomes of the stored password. */
  put(deviceId: string, document: ConfigDocument, condition: VersionCondition): Promise<ConfigState> {
    return this.write(deviceId, condition, () => document);
  }

  /** Changes the document by a JSON merge patch; the result is checked as a whole. */
  patch(deviceId: string, patch: Record<string, unknown>, condition: VersionCondition): Promise<ConfigState> {
    return this.write(deviceId, condition, ({ desired }) => {
      const parsed = configDocumentSchema.safeParse(keepingNullPassword(patch, mergePatch(desired ?? {}, patch)));
      if (!parsed.success) throw invalid(fieldErrors(parsed.error.issues));
      return parsed.data;
    });
  }

  /** What the device's agent should have; undefined where it was never given anything, or cannot be. */
  async desiredFrame(deviceId: string): Promise<DesiredFrame | undefined> {
    const row = await this.store.find(deviceId);
    return row && this.frameOf(deviceId, row);
  }

  /** Which AT commands jobs may run on the device; undefined where it was never configured. */
  async atPolicy(deviceId: string): Promise<AtPolicy | undefined> {
    return (await this.store.find(deviceId))?.desired?.at;
  }

  /** Adds the desired configuration to the welcome of an agent that has another one. */
  async welcome(deviceId: string, { reported }: HelloFrame): Promise<Partial<WelcomeFrame>> {
    await this.store.takeHello(deviceId, reported.version, withoutSecrets(reported.config));
    const row = await this.store.find(deviceId);
    // A version that the device refused or rolled back stays refused until it is written anew or asked for by a job.
    if (!row || row.version === reported.version || row.status === "rejected" || row.status === "rolled-back")
      return {};
    const frame = await this.frameOf(deviceId, row);
    if (!frame) return {};
    const { type: _type, ...desired } = frame;
    return { desired };
  }

  private async write(
    deviceId: string,
    condition: VersionCondition,
    next: (row: ConfigRow) => ConfigDocument,
  ): Promise<ConfigState> {
    const state = await this.database.transaction(async (tx) => {
      const row = await this.store.lock(tx, deviceId);
      if (!row) throw notFound("device", deviceId);
      if (!condition(row.version)) throw preconditionFailed(toState(row));
      const document = next(row);
      const sealed = this.passwordAfter(deviceId, row, document);
      const written = { ...row, ...sealed, version: row.version + 1, desired: withoutPassword(document) };
      if (row.imei === null) refuseImei(written.desired);
      await this.store.write(tx, deviceId, written);
      return toState({ ...written, status: "pending", reason: null });
    });
    this.logger.info({ deviceId, version: state.version }, "desired configuration written");
    await this.send(deviceId);
    return state;
  }

  /** Reaches an agent that is connected; any other gets it with its welcome, so a failure here costs only time. */
  private async send(deviceId: string): Promise<void> {
    try {
      const frame = await this.desiredFrame(deviceId);
      if (frame) await this.links.send(deviceId, frame);
    } catch (error) {
      this.logger.warn({ deviceId, err: error }, "desired configuration not sent now");
    }
  }

  private async frameOf(deviceId: string, row: ConfigRow): Promise<DesiredFrame | undefined> {
    const { desired, version, imei } = row;
    if (!desired) return undefined;
    try {
      if (imei === null) refuseImei(desired);
      const config = resolve(desired, { imei: imei ?? "", device: deviceId }, this.storedPassword(deviceId, row));
      return { type: "desired", version, config, confirmWithinS: CONFIRM_WITHIN_S };
    } catch (error) {
      if (!(error instanceof WrongKeyError) && !(error instanceof ProblemError)) throw error;
      const reason = error instanceof WrongKeyError ? `${error.message} Write it again.` : "The device has no IMEI.";
      this.logger.error({ deviceId, version, reason }, "desired configuration cannot be sent");
      await this.store.reject(deviceId, version, reason);
      return undefined;
    }
  }

  /** The password to store with a document, checked together with its other fields. */
  private passwordAfter(
    deviceId: string,
    row: ConfigRow,
    document: ConfigDocument,
  ): Pick<ConfigRow, "password" | "passwordKeyId"> {
    const { password: given } = document.mqtt;
    const keeps = given === undefined || given === HIDDEN_PASSWORD;
    if (given === HIDDEN_PASSWORD && !row.password)
      throw invalid([
        {
          path: "mqtt.password",
          rule: "hidden",
          message: `no password is stored that ${HIDDEN_PASSWORD} could stand for`,
        },
      ]);
    const password = keeps ? this.keptPassword(deviceId, row) : (given ?? undefined);
    const { password: _given, ...mqtt } = document.mqtt;
    const errors = brokenRules({ ...document, mqtt: { ...mqtt, ...(password !== undefined && { password }) } });
    if (errors.length > 0) throw invalid(errors.map((error) => ({ ...error, path: error.path.join(".") })));
    if (keeps) return { password: row.password, passwordKeyId: row.passwordKeyId };
    if (password === undefined) return { password: null, passwordKeyId: null };
    const { sealed, keyId } = this.vault.seal(password, deviceId);
    return { password: sealed, passwordKeyId: keyId };
  }

  /** @throws 422 where another key sealed it: what cannot be read cannot be checked either */
  private keptPassword(deviceId: string, row: ConfigRow): string | undefined {
    try {
      return this.storedPassword(deviceId, row);
    } catch (error) {
      if (!(error instanceof WrongKeyError)) throw error;
      const message =
        "the stored one was encrypted with another FLEET_SECRET_KEY: write it again, or null to remove it";
      throw invalid([{ path: "mqtt.password", rule: "decryptable", message }]);
    }
  }

  private storedPassword(deviceId: string, { password, passwordKeyId }: ConfigRow): string | undefined {
    if (!password || passwordKeyId === null) return undefined;
    return this.vault.open({ sealed: password, keyId: passwordKeyId }, deviceId);
  }
}

/** In a merge patch null removes a member, but a removed password means "keep the stored one": so null must survive. */
function keepingNullPassword(patch: Record<string, unknown>, merged: unknown): unknown {
  const { mqtt } = patch as { mqtt?: { password?: unknown } | null };
  return mqtt?.password === null ? addPassword(merged, null) : merged;
}

function addPassword(document: unknown, password: null): unknown {
  const { mqtt, ...rest } = document as { mqtt: object };
  return { ...rest, mqtt: { ...mqtt, password } };
}

function withoutPassword({ mqtt, ...document }: ConfigDocument): StoredDocument {
  const { password: _password, ...rest } = mqtt;
  return { ...document, mqtt: rest };
}

function refuseImei(document: StoredDocument): void {
  const errors = pathsNeedingImei(document).map((path): FieldError => ({
    path,
    rule: "imei-known",
    message: "holds {imei}, but the device has no IMEI",
  }));
  if (errors.length > 0) throw invalid(errors);
}

function toState({ version, desired, password, reported, status, reason }: ConfigRow): ConfigState {
  const warnings = desired ? configWarnings(desired) : [];
  return {
    version,
    desired: desired && (password ? { ...desired, mqtt: { ...desired.mqtt, password: HIDDEN_PASSWORD } } : desired),
    reported,
    status,
    ...(reason !== null && { reason }),
    ...(warnings.length > 0 && { warnings }),
  };
}

function preconditionFailed(current: ConfigState): ProblemError {
  return new ProblemError(
    412,
    "Precondition failed",
    `The configuration has version ${current.version}, not one that If-Match names.`,
    undefined,
    { ETag: entityTag(current.version) },
    { current },
  );
}
