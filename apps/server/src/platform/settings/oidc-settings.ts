import { type Role, ROLES } from "@mn316-fleet/contracts";
import { isIP } from "node:net";
import { z } from "zod";
import { SettingsError } from "./settings-error";

/** The provider by which people may sign in besides their passwords. */
export interface OidcSettings {
  /** As its tokens name it. */
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where browsers reach this server: the origin of what the provider sends them back to. */
  readonly publicUrl: URL;
  /** `openid` among them. */
  readonly scope: string;
  /** A claim's name, or a path of names with dots between them. */
  readonly roleClaim: string;
  /** What a value of that claim makes of a person; several values may stand for one role. */
  readonly roles: ReadonlyMap<string, Role>;
}

/** Between a role and the value that stands for it. */
const PAIR = /^(viewer|operator|admin)=(.{1,256})$/;

/** Tokens and secrets cross the network: in clear only where they do not leave the machine. */
function isSafe(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (username !== "" || password !== "" || search !== "" || hash !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127."));
}

/** The variables of the provider, each with its own rule. */
export const oidcVariables = {
  FLEET_OIDC_ISSUER: z
    .string()
    .refine(isSafe, { error: "expected an address such as https://accounts.example.com; http only on this machine" })
    .transform((value) => new URL(value))
    .optional(),
  FLEET_OIDC_CLIENT_ID: z.string().max(1_024, "expected at most 1024 characters").optional(),
  FLEET_OIDC_CLIENT_SECRET: z.string().max(4_096, "expected at most 4096 characters").optional(),
  FLEET_OIDC_SCOPE: z
    .string()
    .transform((value) => value.split(/\s+/).filter((word) => word !== ""))
    .refine((words) => words.includes("openid") && words.every((word) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(word)), {
      error: "expected words with spaces between them, openid among them",
    })
    .transform((words) => words.join(" "))
    .optional(),
  FLEET_OIDC_ROLE_CLAIM: z.string().max(256, "expected at most 256 characters").optional(),
  FLEET_OIDC_ROLES: z
    .string()
    .transform((value) => value.split(",").map((pair) => pair.trim()))
    .refine((pairs) => pairs.every((pair) => PAIR.test(pair)), {
      error:
        "expected pairs such as admin=fleet-admins,operator=technicians with viewer, operator or admin before each =",
    })
    .transform((pairs) => new Map(pairs.map((pair) => pairOf(pair))))
    .optional(),
  FLEET_PUBLIC_URL: z
    .string()
    .refine((value) => isSafe(value) && new URL(value).pathname === "/", {
      error: "expected an address without a path such as https://fleet.example.com; http only on this machine",
    })
    .transform((value) => new URL(value))
    .optional(),
};

function pairOf(pair: string): [string, Role] {
  const [, role, value = ""] = PAIR.exec(pair) ?? [];
  return [value, role as Role];
}

/** They mean nothing without a provider. */
const OF_PROVIDER = [
  "FLEET_OIDC_CLIENT_ID",
  "FLEET_OIDC_CLIENT_SECRET",
  "FLEET_OIDC_SCOPE",
  "FLEET_OIDC_ROLE_CLAIM",
  "FLEET_OIDC_ROLES",
] as const;

type OidcVariables = z.infer<z.ZodObject<typeof oidcVariables>>;

/**
 * The provider that the variables name, if any.
 * @throws SettingsError where one of them is missing beside the others
 */
export function oidcOf(given: OidcVariables): OidcSettings | undefined {
  const issuer = given.FLEET_OIDC_ISSUER;
  if (!issuer) {
    const alone = OF_PROVIDER.find((name) => given[name] !== undefined);
    if (alone) throw new SettingsError(`${alone} means nothing without FLEET_OIDC_ISSUER`);
    return undefined;
  }
  return {
    issuer,
    clientId: needed("FLEET_OIDC_CLIENT_ID", given.FLEET_OIDC_CLIENT_ID),
    clientSecret: needed("FLEET_OIDC_CLIENT_SECRET", given.FLEET_OIDC_CLIENT_SECRET),
    publicUrl: needed("FLEET_PUBLIC_URL", given.FLEET_PUBLIC_URL),
    scope: given.FLEET_OIDC_SCOPE ?? "openid profile email",
    roleClaim: given.FLEET_OIDC_ROLE_CLAIM ?? "roles",
    roles: given.FLEET_OIDC_ROLES ?? new Map(ROLES.map((role) => [role, role])),
  };
}

function needed<T>(name: string, value: T | undefined): T {
  if (value === undefined)
    throw new SettingsError(`${name} is missing: with FLEET_OIDC_ISSUER, nobody can sign in without it`);
  return value;
}
