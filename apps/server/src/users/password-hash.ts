import { hash, verify } from "@node-rs/argon2";
import { ProblemError } from "../platform/problems/problem.error";

/** argon2id as OWASP recommends it: 19 MiB, two passes. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Each takes memory and a thread; more at once than this is nobody's people. */
const MAX_AT_ONCE = 16;

let atOnce = 0;

/** @throws 503 where too many are computed already */
export function hashPassword(password: string): Promise<string> {
  return bounded(() => hash(password, PARAMETERS));
}

/**
 * Compares a password with its hash. Without one it computes as long and says no, so that nobody learns who has an account.
 * @throws 503 where too many are computed already
 */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const isSame = await bounded(async () => verify(stored ?? (await nobodys()), password));
  return isSame && stored !== undefined;
}

let nobodysHash: Promise<string> | undefined;
const nobodys = () => (nobodysHash ??= hash(crypto.randomUUID(), PARAMETERS));

async function bounded<T>(work: () => Promise<T>): Promise<T> {
  if (atOnce >= MAX_AT_ONCE)
    throw new ProblemError(503, "Service unavailable", "Too many people sign in at once.", undefined, {
      "Retry-After": "1",
    });
  atOnce++;
  try {
    return await work();
  } finally {
    atOnce--;
  }
}
