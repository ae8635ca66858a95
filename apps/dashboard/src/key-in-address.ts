const FRAGMENT = /^#key=(.+)$/;

/**
 * The API key that a link brings along in its fragment, which browsers send to no server.
 * @param hash as `location.hash` has it
 * @returns undefined where there is none, or none that can be read
 */
export function keyInAddress(hash: string): string | undefined {
  const encoded = FRAGMENT.exec(hash)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined; // cut off within an escape
  }
}
