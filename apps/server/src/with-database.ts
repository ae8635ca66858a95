import type { Logger } from "pino";
import type { Database } from "./platform/database/database";
import { OwnPostgres } from "./platform/database/embedded-postgres";
import { PgDatabase } from "./platform/database/pg-database";
import type { Settings } from "./platform/settings/settings";

/** Runs a command on the fleet's database, and starts the embedded one for it where none is named; that one has to be free. */
export async function withDatabase<T>(
  { databaseUrl, dataDir }: Pick<Settings, "databaseUrl" | "dataDir">,
  logger: Logger,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const postgres = databaseUrl === undefined ? await OwnPostgres.start(dataDir, logger) : undefined;
  try {
    const database = new PgDatabase(databaseUrl ?? postgres?.url ?? "", (error) => {
      logger.warn({ reason: error.message }, "a database connection broke");
    });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  } finally {
    await postgres?.stop();
  }
}
