import { z } from "zod";
import { SettingsError } from "./settings-error";

/** What agents' and people's connections are protected by, where no proxy does it, and which certificates agents may show. */
export interface TlsSettings {
  /** Files (PEM) of the server's own certificate, with its chain, and of its key; undefined: it speaks no TLS. */
  readonly own: { readonly cert: string; readonly key: string } | undefined;
  /** A file (PEM) of the authorities whose certificates devices show; undefined: no certificate is asked for. */
  readonly clientCa: string | undefined;
  /** The header, in lower case, in which trusted proxies pass on a client's certificate. */
  readonly clientCertHeader: string | undefined;
}

/** A header's name, as RFC 9110 has it. */
const HEADER = /^[\w!#$%&'*+.^`|~-]{1,64}$/;

/** The variables of TLS, each with its own rule. */
export const tlsVariables = {
  FLEET_TLS_CERT: z.string().optional(),
  FLEET_TLS_KEY: z.string().optional(),
  FLEET_TLS_CLIENT_CA: z.string().optional(),
  FLEET_CLIENT_CERT_HEADER: z
    .string()
    .regex(HEADER, "expected a header's name such as Client-Cert")
    .transform((name) => name.toLowerCase())
    .optional(),
};

type TlsVariables = z.infer<z.ZodObject<typeof tlsVariables>>;

/**
 * @param trustedProxies those of `FLEET_TRUSTED_PROXIES`
 * @throws SettingsError where one variable means nothing without another
 */
export function tlsOf(given: TlsVariables, trustedProxies: readonly string[]): TlsSettings {
  const { FLEET_TLS_CERT: cert, FLEET_TLS_KEY: key, FLEET_TLS_CLIENT_CA: clientCa } = given;
  const clientCertHeader = given.FLEET_CLIENT_CERT_HEADER;
  if (cert !== undefined && key === undefined) throw alone("FLEET_TLS_CERT", "FLEET_TLS_KEY");
  if (key !== undefined && cert === undefined) throw alone("FLEET_TLS_KEY", "FLEET_TLS_CERT");
  if (clientCertHeader !== undefined && trustedProxies.length === 0)
    throw alone("FLEET_CLIENT_CERT_HEADER", "FLEET_TRUSTED_PROXIES");
  if (clientCa !== undefined && cert === undefined && clientCertHeader === undefined)
    throw alone("FLEET_TLS_CLIENT_CA", "FLEET_TLS_CERT or FLEET_CLIENT_CERT_HEADER");
  return { own: cert === undefined || key === undefined ? undefined : { cert, key }, clientCa, clientCertHeader };
}

const alone = (name: string, other: string) => new SettingsError(`${name} means nothing without ${other}`);
