import { ConsoleError, ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import { ZodError } from "zod";
import { EXIT, type ExitCode } from "./exit-codes";
import { printable } from "./output/printable";

/** What the user said makes no sense; the message says what would. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** There is no such thing, or there are several. */
export class LookupError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "LookupError";
  }
}

const WRONG_REQUEST = new Set([400, 413, 415, 422]);
const NOT_ALLOWED = new Set([401, 403]);

/** An error as people read it, and the exit code that goes with it. */
export function explain(error: unknown): { text: string; code: ExitCode } {
  if (error instanceof ProblemResponseError) {
    const { title, status, detail } = error.problem;
    if (status >= 300 && status < 400)
      return { text: `this address redirects to another (${status}): give that one as the URL`, code: EXIT.failed };
    const fields = error.errors.map(({ path, rule, message }) => `\n  ${path || "(all of it)"}: ${message} [${rule}]`);
    const code = WRONG_REQUEST.has(status) ? EXIT.usage : NOT_ALLOWED.has(status) ? EXIT.notAllowed : EXIT.failed;
    const head = detail === title ? `${title} (${status})` : `${title} (${status}): ${detail}`;
    return { text: printable(head + fields.join("")), code };
  }
  if (error instanceof UnreachableError)
    return { text: `the server cannot be reached: ${reasonOf(error.cause)}`, code: EXIT.unreachable };
  if (error instanceof ZodError)
    return { text: "the server answered what this version of fleetctl does not understand", code: EXIT.failed };
  if (error instanceof UsageError) return { text: error.message, code: EXIT.usage };
  if (error instanceof ConsoleError)
    return { text: `the console is closed: ${printable(error.message)}`, code: EXIT.failed };
  return { text: printable(error instanceof Error ? error.message : String(error)), code: EXIT.failed };
}

/** The deepest cause says what happened (`connect ECONNREFUSED …`); those above it only that something did. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.cause !== undefined) return reasonOf(cause.cause);
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause.message || cause.name;
}
