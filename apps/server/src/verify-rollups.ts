import { parseArgs } from "node:util";
import type { Logger } from "pino";
import {
  dayName,
  RollupVerifier,
  VerifyError,
  type VerifyOptions,
  type VerifyProgress,
} from "./history/verify/rollup-verifier";
import { OwnPostgres } from "./platform/database/embedded-postgres";
import { PgDatabase } from "./platform/database/pg-database";
import type { Settings } from "./platform/settings/settings";

const DAY_MS = 86_400_000;
/** How often it says how far it is. */
const TELL_EVERY_MS = 5_000;

/**
 * Reads `[--repair] [--from DAY] [--to DAY]`, with days of UTC such as 2026-11-27, `to` exclusive.
 * @throws VerifyError naming what is wrong
 */
export function readVerifyOptions(args: string[]): VerifyOptions {
  const options = { repair: { type: "boolean" }, from: { type: "string" }, to: { type: "string" } } as const;
  let values: { repair?: boolean; from?: string; to?: string };
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    throw new VerifyError(error instanceof Error ? error.message : String(error));
  }
  const day = (name: "from" | "to") => {
    const text = values[name];
    if (text === undefined) return undefined;
    const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(ms)) throw new VerifyError(`--${name} has a wrong value: expected a day such as 2026-11-27`);
    return ms / DAY_MS;
  };
  return { from: day("from"), to: day("to"), isRepairing: values.repair ?? false };
}

/**
 * Compares the rollups with raw events, and repairs them where that is asked. Servers may run meanwhile; the embedded
 * PostgreSQL has to be free, because this starts it.
 * @param tell hears how far it is, every few seconds
 * @returns whether all rollups are right now, and what to tell about it
 */
export async function verifyRollups(
  settings: Pick<Settings, "databaseUrl" | "dataDir" | "retentionDays">,
  options: VerifyOptions,
  logger: Logger,
  tell: (line: string) => void = () => undefined,
): Promise<{ isRight: boolean; report: string }> {
  const postgres = settings.databaseUrl === undefined ? await OwnPostgres.start(settings.dataDir, logger) : undefined;
  try {
    const database = new PgDatabase(settings.databaseUrl ?? postgres?.url ?? "", (error) => {
      logger.warn({ reason: error.message }, "a database connection broke");
    });
    try {
      const { days, devices, differences } = await new RollupVerifier(database).verify(
        settings.retentionDays,
        Date.now(),
        { ...options, onProgress: teller(tell) },
      );
      const isClean = Object.values(differences).every((count) => count === 0);
      const lines = [
        `${devices} devices, ${(days.to - days.from) * 24} hours from ${dayName(days.from)} to ${dayName(days.to)} (UTC).`,
        ...Object.entries(differences).map(([table, count]) => `${table.padEnd(20)}${count} differences`),
        ...(isClean ? [] : [options.isRepairing ? "All of them were repaired." : "Repair them with --repair."]),
      ];
      return { isRight: isClean || options.isRepairing, report: `${lines.join("\n")}\n` };
    } finally {
      await database.close();
    }
  } finally {
    await postgres?.stop();
  }
}

/** Says how far it is, now and then. */
function teller(tell: (line: string) => void): (progress: VerifyProgress) => void {
  let toldAt = performance.now();
  return ({ of, done, total }) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    tell(`${done} of ${total} ${of === "days" ? "days of the fleet" : of} compared …\n`);
  };
}
