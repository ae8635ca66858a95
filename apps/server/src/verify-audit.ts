import type { Logger } from "pino";
import { type Anchor, type ChainReport, verifyChain } from "./audit/verify-chain";
import type { Settings } from "./platform/settings/settings";
import { SettingsError } from "./platform/settings/settings-error";
import { withDatabase } from "./with-database";

/**
 * Reads an anchor as the log and this command write it.
 * @throws SettingsError where it is none
 */
export function readAnchor(text: string): Anchor {
  const [, position, hash] = /^(\d{1,18}):([\da-f]{64})$/.exec(text) ?? [];
  if (position === undefined || hash === undefined)
    throw new SettingsError("--expect takes POSITION:HASH as an earlier run or the log wrote them");
  return { position: BigInt(position), hash };
}

/** Walks the audit trail of the fleet. Servers may run meanwhile; the embedded PostgreSQL has to be free. */
export function verifyAudit(
  settings: Pick<Settings, "databaseUrl" | "dataDir">,
  logger: Logger,
  anchor?: Anchor,
): Promise<ChainReport> {
  return withDatabase(settings, logger, (database) => verifyChain(database, anchor));
}

/** What a person reads of it. */
export function describeReport({ verified, head, waiting, broken }: ChainReport): string {
  if (broken !== undefined) return `The audit trail is broken: ${broken}. The ${verified} records before are whole.`;
  const left = waiting > 0 ? ` Waiting for their place in it: ${waiting}.` : "";
  return `The audit trail is whole: ${verified} records, up to ${head.position}:${head.hash}.${left}`;
}
