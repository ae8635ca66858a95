import type { CheckedImport, FieldError, ImportedDevices } from "@mn316-fleet/contracts";
import { Inject, Injectable } from "@nestjs/common";
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { DeviceTokens } from "../../auth/device-tokens";
import { Idempotency } from "../../idempotency/idempotency";
import type { RequestKey } from "../../idempotency/idempotency-key";
import type { Transaction } from "../../platform/database/database";
import { LOGGER } from "../../platform/logging/nest-logger";
import { ProblemError } from "../../platform/problems/problem.error";
import { isTaken } from "../../platform/problems/unique-name";
import { DevicesStore } from "../devices.store";
import { type DeviceLine, readDevicesCsv } from "./read-devices-csv";

/** Entries of one answer; nobody reads more of them before a second attempt. */
const MAX_ERRORS = 500;

/** Devices from a file: all of them, or none. */
@Injectable()
export class DeviceImports {
  constructor(
    private readonly store: DevicesStore,
    private readonly tokens: DeviceTokens,
    private readonly idempotency: Idempotency,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws 422 as `import` would */
  async check(text: string): Promise<CheckedImport> {
    const lines = await devicesOf(text);
    await this.requireFree(lines);
    return { isDryRun: true, devices: lines.length };
  }

  /**
   * Creates a device and its first token for each line, in one transaction.
   * @throws 422 with an entry for each field that breaks a rule, 409 where the same request made them already
   */
  async import(text: string, key: RequestKey): Promise<ImportedDevices> {
    const lines = await devicesOf(text);
    try {
      const request = { ...key, request: ["devices", text] };
      const { items } = await this.idempotency.onceShown(request, "these devices", (tx) => this.make(tx, lines));
      this.logger.info({ devices: items.length }, "devices imported");
      return { items };
    } catch (error) {
      // Somebody else took an IMEI just now, and the devices that have one are told by their lines.
      if (isTaken(error)) await this.requireFree(lines);
      throw error;
    }
  }

  private async make(tx: Transaction, lines: readonly DeviceLine[]) {
    await this.requireFree(lines);
    const devices = lines.map(({ device: { name, imei = null, tags, timeZone } }) => ({
      id: randomUUID(),
      name,
      imei,
      tags: [...new Set(tags)],
      timeZone,
    }));
    await this.store.insertAll(tx, devices);
    const ids = devices.map(({ id }) => id);
    const tokens = await this.tokens.issueAll(tx, ids);
    const items = devices.map(({ id, name, imei }, index) => ({
      line: lines[index]?.line ?? 0,
      id,
      name,
      imei,
      token: tokens[index] ?? "",
    }));
    return { id: ids[0] ?? "", ids, items };
  }

  private async requireFree(lines: readonly DeviceLine[]): Promise<void> {
    const taken = await this.store.takenImeis(lines.flatMap(({ device: { imei } }) => imei ?? []));
    const errors = lines.flatMap(({ line, device: { imei } }): FieldError[] =>
      imei !== undefined && taken.has(imei)
        ? [{ path: `lines.${line}.imei`, rule: "unique", message: "another device has this IMEI" }]
        : [],
    );
    if (errors.length > 0) throw refused(errors);
  }
}

async function devicesOf(text: string): Promise<DeviceLine[]> {
  const { lines, errors } = await readDevicesCsv(text);
  if (errors.length > 0) throw refused(errors);
  return lines;
}

function refused(errors: FieldError[]): ProblemError {
  const some = errors.length > MAX_ERRORS ? `, of which the first ${MAX_ERRORS} are shown` : "";
  const detail = `${errors.length} entries of the file break a rule${some}; no device was made.`;
  return new ProblemError(422, "Unprocessable content", detail, errors.slice(0, MAX_ERRORS));
}
