import type { Enroll, Enrolled } from "@mn316-fleet/contracts";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { NOBODY } from "../audit/audit-record";
import { AuditTrail } from "../audit/audit-trail";
import { Denials } from "../audit/denials";
import { hashCredential } from "../auth/credentials";
import { DeviceTokens } from "../auth/device-tokens";
import { DevicesStore } from "../devices/devices.store";
import { Database, type Transaction } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { conflict, ProblemError, unauthorized } from "../platform/problems/problem.error";

/** So long an agent whose answer got lost may ask for its token again. */
const SECOND_CHANCE_S = 600;
const ACTION = "POST /agent/enroll";

/** Makes devices of agents that hold an enrolment key. */
@Injectable()
export class EnrollmentService {
  constructor(
    private readonly database: Database,
    private readonly devices: DevicesStore,
    private readonly tokens: DeviceTokens,
    private readonly trail: AuditTrail,
    private readonly denials: Denials,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Makes a device and its token. A key alone takes over no device that exists: the same IMEI gets another token only within
   * ten minutes, with the same key, and as long as nobody has ever connected as it.
   * @throws 401 for a key that is unknown, over, used up, or not for this IMEI; which of them is nobody's business
   * @throws 409 where the IMEI has a device already
   */
  async enroll(request: Enroll, address: string): Promise<Enrolled> {
    const { imei, name } = request;
    const deed = { action: ACTION, address, request: { imei, name } };
    const enrolled = await this.database
      .transaction(async (tx) => {
        const made = await this.make(tx, request);
        const actor = { kind: "enrollment-key", id: made.keyId, name: made.keyName } as const;
        await this.trail.note({ ...deed, actor, resource: `devices/${made.deviceId}`, status: 201 }, tx);
        return made;
      })
      .catch((error: unknown) => {
        if (error instanceof ProblemError)
          this.denials.note({ ...deed, actor: NOBODY, status: error.status, detail: error.detail });
        throw error;
      });
    const { deviceId, token, keyId } = enrolled;
    this.logger.info({ deviceId, imei, enrollmentKey: keyId }, "device enrolled");
    return { deviceId, token };
  }

  private async make(tx: Transaction, { key, imei, name }: Enroll) {
    const found = await this.keyFor(tx, key, imei);
    if (!found) throw unauthorized();
    const device = await this.devices.findByImei(tx, imei);
    const { id: keyId, name: keyName } = found;
    if (device) return { ...(await this.again(tx, device, keyId)), keyId, keyName };
    if (found.isUsedUp) throw unauthorized();
    await tx.query("UPDATE enrollment_key SET uses = uses + 1, last_used_at = now() WHERE id = $1", [keyId]);
    const deviceId = await this.devices.insert(tx, { name: name ?? imei, imei, tags: [] });
    await tx.query("INSERT INTO enrollment (device_id, key_id) VALUES ($1, $2)", [deviceId, keyId]);
    return { deviceId, token: await this.tokens.issue(tx, deviceId), keyId, keyName };
  }

  /** The key's row is locked, so that of two agents at once the last use goes to one of them. */
  private async keyFor(tx: Transaction, key: string, imei: string) {
    const { rows } = await tx.query<{ id: string; name: string; isUsedUp: boolean }>(
      `SELECT id, name, coalesce(uses >= max_uses, false) AS "isUsedUp" FROM enrollment_key
        WHERE hash = $1 AND (expires_at IS NULL OR expires_at > now())
          AND (imei_pattern IS NULL OR $2 LIKE translate(imei_pattern, '*?', '%_')) FOR UPDATE`,
      [hashCredential(key), imei],
    );
    return rows[0];
  }

  private async again(tx: Transaction, device: { id: string; isNew: boolean }, keyId: string) {
    const { rowCount } = await tx.query(
      `SELECT 1 FROM enrollment
        WHERE device_id = $1 AND key_id = $2 AND enrolled_at > now() - make_interval(secs => $3)`,
      [device.id, keyId, SECOND_CHANCE_S],
    );
    if (!device.isNew || rowCount === 0)
      throw conflict("A device with this IMEI exists: rotate its token instead.", [
        { path: "imei", rule: "unique", message: "another device has this IMEI" },
      ]);
    return { deviceId: device.id, token: await this.tokens.reissue(tx, device.id) };
  }
}
