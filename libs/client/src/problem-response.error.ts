import type { FieldError, Problem } from "@mn316-fleet/contracts";

/** An answer of the API that is no success, with its problem document. */
export class ProblemResponseError extends Error {
  constructor(readonly problem: Problem) {
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
