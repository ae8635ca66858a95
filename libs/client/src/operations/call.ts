/** What every call takes. */
export interface Call {
  signal?: AbortSignal | undefined;
}

/** What a write of a document takes. */
export interface WriteOptions extends Call {
  /** The version that was seen; without it the write is unconditional. */
  version?: number | undefined;
  /** Answers what the write would do, and writes nothing. */
  dryRun?: boolean | undefined;
}

/** @param version the one that was seen */
export function ifMatch(version: number | undefined): Record<string, string> {
  return version === undefined ? {} : { "if-match": `"${version}"` };
}

export function writing({ version, dryRun, signal }: WriteOptions) {
  return { headers: ifMatch(version), query: { dryRun }, signal };
}

/** @param key makes one thing however often the same is sent within 24 hours */
export function idempotency(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { "idempotency-key": key };
}

/** A part of an address, whatever it holds. */
export const segment = (value: string | number): string => encodeURIComponent(value);
