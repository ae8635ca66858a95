import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { z } from "zod";
import { areProxies } from "../http/trusted-proxies";
import { isNetwork } from "../webhooks/targets";
import { oidcOf, oidcVariables } from "./oidc-settings";
import type { Settings } from "./settings";
import { SettingsError } from "./settings-error";
import { tlsOf, tlsVariables } from "./tls-settings";

const ROLES = ["api", "gateway", "worker"] as const;
const MAIL_FROM = /^(?:[^<>@\p{Cc}]{1,128}<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u;
/** As far back as one question may reach. */
const HISTORY_DAYS = 400;
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const url = (protocols: string[], example: string) =>
  z
    .string()
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
      error: `expected an address such as ${example}`,
    })
    .optional();

const days = z.string().regex(/^[1-9]\d{0,3}$/, "expected a whole number of days, 1 to 9999");

const schema = z.object({
  PORT: z
    .string()
    .regex(/^\d+$/, "expected a TCP port, 1 to 65535")
    .default("3000")
    .transform(Number)
    .refine((port) => port >= 1 && port <= 65_535, { error: "expected a TCP port, 1 to 65535" }),
  HOST: z.string().min(1).default("127.0.0.1"),
  DATABASE_URL: url(["postgres:", "postgresql:"], "postgres://user:password@host:5432/database"),
  REDIS_URL: url(["redis:", "rediss:"], "redis://host:6379"),
  FLEET_REDIS_PREFIX: z
    .string()
    .regex(/^[\w.-]{1,64}$/, "expected 1 to 64 letters, digits, '.', '_' or '-'")
    .default("mn316-fleet"),
  FLEET_DATA_DIR: z.string().min(1).default(".fleet"),
  FLEET_ADMIN_KEY: z.string().min(16, "expected at least 16 characters").optional(),
  FLEET_SECRET_KEY: z
    .string()
    .refine((value) => value.split(",").every((key) => decodeKey(key.trim())?.length === 32), {
      error: "expected 32 bytes as 64 hex digits or as base64, or several such keys with commas between them",
    })
    .optional(),
  FLEET_ROLES: z
    .string()
    .default(ROLES.join(","))
    .transform((value) => value.split(",").map((role) => role.trim()))
    .pipe(z.array(z.enum(ROLES, { error: `expected a list out of ${ROLES.join(", ")}` })).min(1)),
  FLEET_NODE_ID: z
    .string()
    .regex(/^[\w.-]{1,64}$/, "expected 1 to 64 letters, digits, '.', '_' or '-'")
    .optional(),
  FLEET_RETENTION_DAYS: days.default("90").transform(Number),
  FLEET_HISTORY_DAYS: days.transform(Number).optional(),
  FLEET_WEBHOOK_NETWORKS: z
    .string()
    .default("")
    .transform((value) => value.split(",").map((network) => network.trim()))
    .transform((networks) => networks.filter((network) => network !== ""))
    .refine((networks) => networks.every(isNetwork), {
      error: "expected networks such as 10.1.0.0/16 or fd00::/8 with commas between them",
    }),
  FLEET_SMTP_URL: url(["smtp:", "smtps:"], "smtp://user:password@host:587"),
  FLEET_MAIL_FROM: z
    .string()
    .regex(MAIL_FROM, "expected an address such as fleet@example.com or Fleet <fleet@example.com>")
    .optional(),
  FLEET_TRUSTED_PROXIES: z
    .string()
    .default("")
    .transform((value) =>
      value
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => entry !== ""),
    )
    .refine(areProxies, { error: "expected addresses or networks such as 127.0.0.1,10.0.0.0/8" }),
  ...tlsVariables,
  ...oidcVariables,
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `expected one of ${LOG_LEVELS.join(", ")}` }).default("info"),
});

/**
 * Reads a server's settings; an empty variable counts as absent.
 * @throws SettingsError for the first variable with a wrong value
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SettingsError(`${String(issue?.path[0])} has a wrong value: ${issue?.message}`);
  }
  const { data } = parsed;
  if (data.FLEET_SMTP_URL !== undefined && data.FLEET_MAIL_FROM === undefined)
    throw new SettingsError("FLEET_MAIL_FROM is missing: with FLEET_SMTP_URL, mails need an address they come from");
  const historyDays = data.FLEET_HISTORY_DAYS ?? Math.max(HISTORY_DAYS, data.FLEET_RETENTION_DAYS);
  if (historyDays < data.FLEET_RETENTION_DAYS)
    throw new SettingsError(
      "FLEET_HISTORY_DAYS has a wrong value: expected at least as many days as FLEET_RETENTION_DAYS",
    );
  return {
    port: data.PORT,
    host: data.HOST,
    databaseUrl: data.DATABASE_URL,
    redisUrl: data.REDIS_URL,
    redisPrefix: data.FLEET_REDIS_PREFIX,
    dataDir: data.FLEET_DATA_DIR,
    adminKey: data.FLEET_ADMIN_KEY,
    secretKey: data.FLEET_SECRET_KEY,
    roles: new Set(data.FLEET_ROLES),
    nodeId: data.FLEET_NODE_ID ?? `${hostname().slice(0, 40)}-${randomBytes(4).toString("hex")}`,
    retentionDays: data.FLEET_RETENTION_DAYS,
    historyDays,
    webhookNetworks: data.FLEET_WEBHOOK_NETWORKS,
    smtpUrl: data.FLEET_SMTP_URL,
    mailFrom: data.FLEET_MAIL_FROM,
    trustedProxies: data.FLEET_TRUSTED_PROXIES,
    tls: tlsOf(data, data.FLEET_TRUSTED_PROXIES),
    oidc: oidcOf(data),
    logLevel: data.LOG_LEVEL,
  };
}

/** A 32-byte key written as hex or base64. */
export function decodeKey(value: string): Buffer | undefined {
  if (/^[\da-f]{64}$/i.test(value)) return Buffer.from(value, "hex");
  return /^[\w+/-]{43}=?$/.test(value) ? Buffer.from(value, "base64") : undefined;
}
