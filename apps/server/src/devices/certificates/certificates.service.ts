import type { BindCertificate, BoundCertificate } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { createHash, X509Certificate } from "node:crypto";
import { AuditTrail } from "../../audit/audit-trail";
import { DeviceCertificates } from "../../auth/device-certificates";
import { DeviceTokens } from "../../auth/device-tokens";
import { Database, type Transaction } from "../../platform/database/database";
import { invalid, notFound } from "../../platform/problems/problem.error";

/** Which certificates a device has to show beside its token. */
@Injectable()
export class CertificatesService {
  constructor(
    private readonly database: Database,
    private readonly certificates: DeviceCertificates,
    private readonly tokens: DeviceTokens,
    private readonly trail: AuditTrail,
  ) {}

  /** @throws 404 for an unknown device */
  list(id: string): Promise<BoundCertificate[]> {
    return this.database.transaction(async (tx) => {
      await this.hold(tx, id);
      return this.certificates.list(id, tx);
    });
  }

  /**
   * Binds a device; the former certificates work on for the overlap. A connection without any of them ends within a second.
   * @throws 404 for an unknown device, 422 for a certificate that cannot be read or is over
   */
  bind(id: string, { sha256, certificate, overlapS }: BindCertificate): Promise<BoundCertificate[]> {
    const digest = certificate === undefined ? Buffer.from(sha256 ?? "", "hex") : digestOf(certificate);
    return this.change(id, (tx) => this.certificates.bind(tx, id, digest, overlapS));
  }

  /** The token alone is enough from now on. @throws 404 for an unknown device */
  async unbind(id: string): Promise<void> {
    await this.change(id, (tx) => this.certificates.unbind(tx, id));
  }

  private async change(id: string, work: (tx: Transaction) => Promise<void>): Promise<BoundCertificate[]> {
    const after = await this.database.transaction(async (tx) => {
      await this.hold(tx, id);
      const before = await this.certificates.list(id, tx);
      await work(tx);
      const now = await this.certificates.list(id, tx);
      await this.trail.changed(tx, { before: { certificates: before }, after: { certificates: now } });
      return now;
    });
    await this.tokens.announceChange(id);
    return after;
  }

  /** Two changes at once come one after the other. */
  private async hold(tx: Transaction, id: string): Promise<void> {
    const { rowCount } = await tx.query("SELECT 1 FROM device WHERE id = $1 FOR NO KEY UPDATE", [id]);
    if (rowCount === 0) throw notFound("device", id);
  }
}

function digestOf(pem: string): Buffer {
  const wrong = (message: string) => invalid([{ path: "certificate", rule: "certificate", message }]);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw wrong("must be one certificate in PEM form");
  }
  if (Date.parse(certificate.validTo) <= Date.now()) throw wrong(`is over since ${certificate.validTo}`);
  return createHash("sha256").update(certificate.raw).digest();
}
