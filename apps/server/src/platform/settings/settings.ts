import type { OidcSettings } from "./oidc-settings";
import type { TlsSettings } from "./tls-settings";

/** What a server process was told by its environment, checked at start (see `readSettings`). */
export interface Settings {
  readonly port: number;
  readonly host: string;
  /** undefined: start the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined;
  /** undefined: queues and signals run on PostgreSQL. */
  readonly redisUrl: string | undefined;
  /** What the names of all keys and channels in Redis begin with, so that several fleets can share one. */
  readonly redisPrefix: string;
  readonly dataDir: string;
  readonly adminKey: string | undefined;
  /**
   * 32 bytes, base64 or hex; several with commas between them: the first one encrypts, all decrypt. undefined: made once and
   * kept in the data folder with mode 0600.
   */
  readonly secretKey: string | undefined;
  readonly roles: ReadonlySet<"api" | "gateway" | "worker">;
  readonly nodeId: string;
  readonly retentionDays: number;
  /** Never less than `retentionDays`. */
  readonly historyDays: number;
  /** Networks that webhooks may reach besides public addresses, as `10.1.0.0/16`. */
  readonly webhookNetworks: readonly string[];
  /** `smtp://user:password@host:587` or `smtps://…`; undefined: no mail is sent. */
  readonly smtpUrl: string | undefined;
  /** Whom mails come from: an address, or `Name <address>`. Given where `smtpUrl` is. */
  readonly mailFrom: string | undefined;
  /** Addresses and networks whose `X-Forwarded-…` headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly tls: TlsSettings;
  /** undefined: people sign in by their passwords alone. */
  readonly oidc: OidcSettings | undefined;
  readonly logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";
}

/** Injection token of the process's `Settings`. */
export const SETTINGS = Symbol("SETTINGS");
