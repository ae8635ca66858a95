import type { Schedule } from "@mn316-fleet/contracts";
import { CronExpressionParser } from "cron-parser";

/** Why a text is no cron expression. */
export class CronError extends Error {}

const FIELDS = 5;

/**
 * When a recurring job runs next.
 * @returns undefined where it never will again
 * @throws CronError
 */
export function nextRun({ cron, timeZone, until }: Schedule, after: Date): Date | undefined {
  // Six fields would mean seconds: no fleet can be asked every second.
  if (cron.trim().split(/\s+/).length !== FIELDS)
    throw new CronError("must be five fields: minute, hour, day of the month, month, day of the week");
  let next: Date;
  try {
    const expression = CronExpressionParser.parse(cron, { tz: timeZone, currentDate: after });
    if (!expression.hasNext()) return undefined;
    next = expression.next().toDate();
  } catch (error) {
    throw new CronError((error as Error).message);
  }
  return until !== undefined && next.getTime() > Date.parse(until) ? undefined : next;
}
