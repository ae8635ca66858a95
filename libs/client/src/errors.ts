import type { FieldError, Problem } from "@mn316-fleet/contracts";

/** An answer of the API that is no success, with its problem document (RFC 9457). */
export class ProblemResponseError extends Error {
  /** @param retryAfterMs how long the server asked to be left alone, in ms */
  constructor(
    readonly problem: Problem,
    readonly retryAfterMs?: number,
  ) {
    super(problem.detail);
    this.name = "ProblemResponseError";
  }

  get status(): number {
    return this.problem.status;
  }

  /** One entry a field that broke a rule. */
  get errors(): readonly FieldError[] {
    return this.problem.errors ?? [];
  }
}

/** No answer at all: the server or the network is away. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super("the server cannot be reached", { cause });
    this.name = "UnreachableError";
  }
}

/** A console that did not open, or was cut off; the message is the reason that the server gave. */
export class ConsoleError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "ConsoleError";
  }
}
