import { invalid } from "../platform/problems/problem.error";

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Reads `Idempotency-Key`.
 * @returns undefined where the header is absent
 * @throws 422 naming the header where it is malformed
 */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || KEY.test(header)) return header;
  const message = "must be 1 to 255 printable characters without spaces";
  throw invalid([{ path: "Idempotency-Key", rule: "format", message }]);
}
