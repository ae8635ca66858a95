/** Connection refused, reset or timed out; PostgreSQL's classes 08 (connection), 57P (shutdown) and 53300 (too many). */
const AWAY_CODES =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|08\w{3}|57P\d\d|53300|P1001|P1002|P1008|P1017|P2024)$/;
const AWAY_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Can't reach database|not queryable/;

/** What errors have in common, whichever library or realm they come from. */
interface ErrorLike {
  code?: unknown;
  message?: unknown;
  cause?: unknown;
  errors?: unknown;
}

/** Whether an error only says that PostgreSQL cannot be reached now, so that the same may succeed later. */
export function isDatabaseAway(error: unknown, depth = 0): boolean {
  if (typeof error !== "object" || error === null || depth > 5) return false;
  const { code, message, cause, errors } = error as ErrorLike;
  if (typeof code === "string" && AWAY_CODES.test(code)) return true;
  if (typeof message === "string" && AWAY_MESSAGES.test(message)) return true;
  // Several addresses of one host were tried.
  if (Array.isArray(errors) && errors.some((one) => isDatabaseAway(one, depth + 1))) return true;
  return isDatabaseAway(cause, depth + 1);
}

/** Besides: conflicts with other transactions (40, 55P03), a statement cut off (57014), no room or no I/O (53, 58), a standby. */
const TRANSIENT_CODES = /^(40\w{3}|53\w{3}|58\w{3}|55P03|57014|25006)$/;

/** Whether the same may succeed later, because it is not what was asked that failed. */
export function mayRetry(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return isDatabaseAway(error) || (typeof code === "string" && TRANSIENT_CODES.test(code));
}
