import type { FieldError, Problem } from "@mn316-fleet/contracts";

/** An error that a caller is told of, as an RFC 9457 problem document. Anything else thrown becomes a bare 500. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors?: FieldError[],
    /** Response headers to send along, for example `ETag` with a 412. */
    readonly headers: Record<string, string> = {},
    /** Further members of the document, for example the current configuration with a 412. */
    readonly extensions: Record<string, unknown> = {},
  ) {
    super(detail);
    this.name = "ProblemError";
  }

  toDocument(): Problem {
    const { status, title, detail, errors, extensions } = this;
    return { type: "about:blank", title, status, detail, ...(errors && { errors }), ...extensions };
  }
}

export const notFound = (what: string, id: string) =>
  new ProblemError(404, "Not found", `There is no ${what} "${id}".`);
export const unauthorized = () =>
  new ProblemError(401, "Unauthorized", "A valid credential is required.", undefined, { "WWW-Authenticate": "Bearer" });
export const forbidden = (needs: string) => new ProblemError(403, "Forbidden", `This needs the role "${needs}".`);
export const conflict = (detail: string, errors?: FieldError[]) => new ProblemError(409, "Conflict", detail, errors);
export const invalid = (errors: FieldError[]) =>
  new ProblemError(422, "Unprocessable content", "The request breaks the rules listed under errors.", errors);
