import { userNameSchema } from "@mn316-fleet/contracts";
import { createHash } from "node:crypto";

const MAX_LENGTH = 64;

/**
 * What a person of a provider may be called here, the best first. It is only a name: nobody is known by it.
 * @param claims of the provider; `iss` and `sub` tell its people apart, and so the last name is nobody else's
 */
export function userNames(claims: { iss: string; sub: string } & Readonly<Record<string, unknown>>): string[] {
  const wanted = [claims.preferred_username, claims.email, claims.name].map(asName).find((name) => name !== undefined);
  const mark = createHash("sha256")
    .update(JSON.stringify([claims.iss, claims.sub]))
    .digest("hex")
    .slice(0, 16);
  if (wanted === undefined) return [`user.${mark}`];
  return [wanted, `${wanted.slice(0, MAX_LENGTH - mark.length - 1)}.${mark}`];
}

/** Accents are dropped, and what a name cannot hold becomes a dot. */
function asName(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const text = value
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z\d._@-]+/g, ".")
    .replace(/^[^a-z\d]+/, "")
    .slice(0, MAX_LENGTH);
  const name = userNameSchema.safeParse(text);
  return name.success ? name.data : undefined;
}
