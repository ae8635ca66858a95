import { createHash, randomBytes } from "node:crypto";

/** What the credentials of the fleet begin with, so that a leaked one can be told at sight (and by secret scanners). */
export const PREFIXES = { apiKey: "mfk_", deviceToken: "mfd_", enrollmentKey: "mfe_", session: "mfs_" } as const;

/** No credential is longer; anything that is was not made here and is not even hashed. */
const MAX_LENGTH = 256;

/** A new credential: 32 random bytes behind its prefix. */
export function newCredential(kind: keyof typeof PREFIXES): string {
  return PREFIXES[kind] + randomBytes(32).toString("base64url");
}

/**
 * What is stored of a credential. A plain SHA-256 is enough for 256 random bits, and looking it up by index tells nothing
 * of the credential itself by its time.
 */
export function hashCredential(credential: string): Buffer<ArrayBuffer> {
  return Buffer.from(createHash("sha256").update(credential).digest());
}

/** The credential of an `Authorization: Bearer …` header. */
export function bearerCredential(header: string | undefined): string | undefined {
  const credential = /^bearer +(\S+) *$/i.exec(header ?? "")?.[1];
  return credential !== undefined && credential.length <= MAX_LENGTH ? credential : undefined;
}
