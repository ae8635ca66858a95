import { type Role, ROLES } from "@mn316-fleet/contracts";

/**
 * The highest role that a provider's claims stand for; undefined where they stand for none.
 * @param claim the claim's name; where there is none of that name, a path into objects, as `realm_access.roles`
 * @param roles what each value stands for
 */
export function claimedRole(
  claims: Readonly<Record<string, unknown>>,
  claim: string,
  roles: ReadonlyMap<string, Role>,
): Role | undefined {
  const value = claimAt(claims, claim);
  const values: unknown[] = Array.isArray(value) ? value : [value];
  const found = values.map((each) => (typeof each === "string" ? roles.get(each) : undefined));
  return [...ROLES].reverse().find((role) => found.includes(role));
}

/** The value of a claim, by its name or else by its path. */
export function claimAt(claims: Readonly<Record<string, unknown>>, claim: string): unknown {
  if (Object.hasOwn(claims, claim)) return claims[claim];
  return claim
    .split(".")
    .reduce<unknown>(
      (value, name) =>
        typeof value === "object" && value !== null && Object.hasOwn(value, name)
          ? (value as Record<string, unknown>)[name]
          : undefined,
      claims,
    );
}
