import type { Logger } from "pino";
import { CHANNEL_SECRETS } from "./alerts/channels.store";
import { PASSWORDS } from "./configs/passwords.store";
import { STREAM_SECRETS } from "./event-streams/event-streams.store";
import { OwnPostgres } from "./platform/database/embedded-postgres";
import { PgDatabase } from "./platform/database/pg-database";
import { reseal, type Resealed } from "./platform/secrets/reseal";
import { SecretVault } from "./platform/secrets/secret-vault";
import type { Settings } from "./platform/settings/settings";

/**
 * Encrypts every stored password and secret with the first key of `FLEET_SECRET_KEY`. Servers that know both keys may run meanwhile; the
 * embedded PostgreSQL has to be free, because this starts it.
 * @returns how many were encrypted anew, and how many cannot be because none of the keys opens them
 */
export async function rotatePasswords(
  settings: Pick<Settings, "databaseUrl" | "dataDir" | "secretKey">,
  logger: Logger,
): Promise<Resealed> {
  const postgres = settings.databaseUrl === undefined ? await OwnPostgres.start(settings.dataDir, logger) : undefined;
  try {
    const database = new PgDatabase(settings.databaseUrl ?? postgres?.url ?? "", (error) => {
      logger.warn({ reason: error.message }, "a database connection broke");
    });
    try {
      const vault = new SecretVault(settings);
      const total = { resealed: 0, unreadable: 0 };
      for (const table of [PASSWORDS, CHANNEL_SECRETS, STREAM_SECRETS]) {
        const { resealed, unreadable } = await reseal(database, vault, table);
        total.resealed += resealed;
        total.unreadable += unreadable;
      }
      return total;
    } finally {
      await database.close();
    }
  } finally {
    await postgres?.stop();
  }
}
