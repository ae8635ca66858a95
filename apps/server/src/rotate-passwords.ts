import type { Logger } from "pino";
import { CHANNEL_SECRETS } from "./alerts/channels.store";
import { PASSWORDS } from "./configs/passwords.store";
import { STREAM_SECRETS } from "./event-streams/event-streams.store";
import { reseal, type Resealed } from "./platform/secrets/reseal";
import { SecretVault } from "./platform/secrets/secret-vault";
import type { Settings } from "./platform/settings/settings";
import { withDatabase } from "./with-database";

/**
 * Encrypts every stored password and secret with the first key of `FLEET_SECRET_KEY`. Servers that know both keys may run meanwhile; the
 * embedded PostgreSQL has to be free, because this starts it.
 * @returns how many were encrypted anew, and how many cannot be because none of the keys opens them
 */
export function rotatePasswords(
  settings: Pick<Settings, "databaseUrl" | "dataDir" | "secretKey">,
  logger: Logger,
): Promise<Resealed> {
  return withDatabase(settings, logger, async (database) => {
    const vault = new SecretVault(settings);
    const total = { resealed: 0, unreadable: 0 };
    for (const table of [PASSWORDS, CHANNEL_SECRETS, STREAM_SECRETS]) {
      const { resealed, unreadable } = await reseal(database, vault, table);
      total.resealed += resealed;
      total.unreadable += unreadable;
    }
    return total;
  });
}
