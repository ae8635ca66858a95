import type { Enroll, Enrolled } from "@mn316-fleet/contracts";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { NOBODY } from "../audit/audit-record";
import { AuditTrail } from "../audit/audit-trail";
import { Denials } from "../audit/denials";
import { hashCredential } from "../auth/credentials";
import { DeviceCertificates } from "../auth/device-certificates";
import { DeviceTokens } from "../auth/device-tokens";
import { DevicesStore } from "../devices/devices.store";
import { Database, type Transaction } from "../platform/database/database";
import { asSystem, HOST_FLEET, inFleet } from "../platform/database/fleet-scope";
import { LOGGER } from "../platform/logging/nest-logger";
import { conflict, ProblemError, unauthorized } from "../platform/problems/problem.error";
import { isTaken } from "../platform/problems/unique-name";
import type { ClientCertificate } from "../platform/tls/client-certificates";

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
    private readonly certificates: DeviceCertificates,
    private readonly trail: AuditTrail,
    private readonly denials: Denials,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Makes a device and its token. A key alone takes over no device that exists: the same IMEI gets another token only within
   * ten minutes, with the same key, and as long as nobody has ever connected as it. An agent that shows a certificate while it enrols has its device bound to it.
   * @throws 401 for a key that is unknown, over, used up, or not for this IMEI; which of them is nobody's business
   * @throws 409 where the IMEI has a device already, in whichever fleet
   */
  async enroll(request: Enroll, address: string, certificate?: ClientCertificate): Promise<Enrolled> {
    const { imei, name } = request;
    const sha256 = certificate?.sha256.toString("hex");
    const deed = {
      action: ACTION,
      address,
      request: { imei, name, ...(sha256 !== undefined && { certificate: sha256 }) },
    };
    const fleetId = await asSystem(() => this.fleetOf(request.key));
    const enrolled = await inFleet(fleetId ?? HOST_FLEET, () =>
      this.database.transaction(async (tx) => {
        const made = await this.make(tx, request);
        if (certificate) await this.certificates.bind(tx, made.deviceId, certificate.sha256, 0);
        const actor = { kind: "enrollment-key", id: made.keyId, name: made.keyName } as const;
        await this.trail.note({ ...deed, actor, resource: `devices/${made.deviceId}`, status: 201 }, tx);
        return made;
      }),
    ).catch((error: unknown) => {
      const problem = isTaken(error) ? imeiTaken() : error;
      if (problem instanceof ProblemError) {
        const { status, detail } = problem;
        this.denials.note({ ...deed, ...(fleetId !== undefined && { fleetId }), actor: NOBODY, status, detail });
      }
      throw problem;
    });
    const { deviceId, token, keyId } = enrolled;
    this.logger.info({ deviceId, imei, enrollmentKey: keyId }, "device enrolled");
    return { deviceId, token };
  }

  /** The fleet that a key makes devices of. */
  private async fleetOf(key: string): Promise<number | undefined> {
    const { rows } = await this.database.pool.query<{ fleetId: number }>(
      'SELECT fleet_id AS "fleetId" FROM enrollment_key WHERE hash = $1',
      [hashCredential(key)],
    );
    return rows[0]?.fleetId;
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
    if (!device.isNew || rowCount === 0) throw imeiTaken();
    return { deviceId: device.id, token: await this.tokens.reissue(tx, device.id) };
  }
}

const imeiTaken = () =>
  conflict("A device with this IMEI exists: rotate its token instead.", [
    { path: "imei", rule: "unique", message: "another device has this IMEI" },
  ]);
