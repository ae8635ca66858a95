import { parseCookie, stringifySetCookie } from "cookie";
import { z } from "zod";
import type { SecretVault } from "../../platform/secrets/secret-vault";

/** So long a person may take at the provider. */
const LIFETIME_S = 900;
const NAME = "fleet_sign_in";
/** Browsers take a cookie of this name only over TLS, for this host alone. */
const NAME_OVER_TLS = `__Host-${NAME}`;
const PURPOSE = "pending sign-in";

const schema = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  /** ms since 1970 */
  until: z.number(),
});

/** What a sign-in at the provider is checked against when the browser comes back. */
export type PendingSignIn = Omit<z.infer<typeof schema>, "until">;

/**
 * Leaves with the browser what it must bring back, sealed: a sign-in that nobody finishes costs the server nothing, and any
 * process of the fleet can finish it. It comes back with a link from another site, so it cannot be `Strict`.
 */
export function pendingCookie(pending: PendingSignIn, vault: SecretVault, isOverTls: boolean): string {
  const until = Date.now() + LIFETIME_S * 1_000;
  const { sealed, keyId } = vault.seal(JSON.stringify({ ...pending, until }), PURPOSE);
  return cookie(`${keyId}.${sealed.toString("base64url")}`, LIFETIME_S, isOverTls);
}

/** Takes it away again: each answer is for one return. */
export const noPendingCookie = (isOverTls: boolean): string => cookie("", 0, isOverTls);

/** @returns undefined where the browser began no sign-in here, or too long ago */
export function pendingIn(header: string | undefined, vault: SecretVault): PendingSignIn | undefined {
  const cookies = parseCookie(header ?? "");
  const [keyId = "", sealed = ""] = (cookies[NAME_OVER_TLS] ?? cookies[NAME] ?? "").split(".");
  try {
    const text = vault.open({ keyId, sealed: Buffer.from(sealed, "base64url") }, PURPOSE);
    const { until, ...pending } = schema.parse(JSON.parse(text));
    return until > Date.now() ? pending : undefined;
  } catch {
    return undefined; // none, cut off, forged, or of a key that is gone
  }
}

function cookie(value: string, maxAge: number, isOverTls: boolean): string {
  return stringifySetCookie({
    name: isOverTls ? NAME_OVER_TLS : NAME,
    value,
    maxAge,
    path: "/",
    httpOnly: true,
    sameSite: "lax",
    secure: isOverTls,
  });
}
