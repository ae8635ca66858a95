import proxyaddr from "@fastify/proxy-addr";
import { Inject, Injectable } from "@nestjs/common";
import { createHash, X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { SETTINGS, type Settings } from "../settings/settings";
import { readAuthorities } from "./tls-files";

/** A certificate whose key the other side has proved to hold. */
export interface ClientCertificate {
  /** Of its DER form. */
  sha256: Buffer;
  validUntil: Date;
}

/** Structured bytes, as RFC 9440 has them in `Client-Cert`. */
const STRUCTURED = /^:([A-Za-z\d+/]+={0,2}):$/;
const BASE64 = /^[A-Za-z\d+/]+={0,2}$/;

/** Finds the certificate that the other side of a connection has shown: in TLS itself, or to a proxy that is trusted. */
@Injectable()
export class ClientCertificates {
  private readonly header: string | undefined;
  private readonly isProxy: (address: string, hop: number) => boolean;
  /** Certificates out of headers are held against these; undefined: the proxy alone says whose it lets through. */
  private readonly authorities: X509Certificate[] | undefined;

  constructor(@Inject(SETTINGS) { tls, trustedProxies }: Pick<Settings, "tls" | "trustedProxies">) {
    this.header = tls.clientCertHeader;
    this.isProxy = proxyaddr.compile([...trustedProxies]);
    if (tls.clientCa !== undefined) this.authorities = readAuthorities(tls.clientCa).certificates;
  }

  /** @returns undefined where there is none, or one that is over, not valid yet, of another authority, or not to be trusted */
  of({ socket, headers }: IncomingMessage): ClientCertificate | undefined {
    if (this.header !== undefined && this.isProxy(socket.remoteAddress ?? "", 0))
      return this.fromHeader(headers[this.header]);
    if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
    const certificate = socket.getPeerX509Certificate();
    return certificate && asProved(certificate);
  }

  private fromHeader(value: string | string[] | undefined): ClientCertificate | undefined {
    const certificate = typeof value === "string" ? certificateIn(value.trim()) : undefined;
    return certificate && this.isCertified(certificate) ? asProved(certificate) : undefined;
  }

  private isCertified(certificate: X509Certificate): boolean {
    if (!this.authorities) return true;
    return this.authorities.some(
      (authority) =>
        isInForce(authority) && certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    );
  }
}

function asProved(certificate: X509Certificate): ClientCertificate | undefined {
  if (!isInForce(certificate)) return undefined;
  return {
    sha256: createHash("sha256").update(certificate.raw).digest(),
    validUntil: new Date(certificate.validTo),
  };
}

function isInForce({ validFrom, validTo }: X509Certificate): boolean {
  const now = Date.now();
  return Date.parse(validFrom) <= now && now < Date.parse(validTo);
}

/** As RFC 9440 writes it, as PEM with percent-encoding (nginx), or as bare base64 (HAProxy, Traefik). */
function certificateIn(value: string): X509Certificate | undefined {
  try {
    const structured = STRUCTURED.exec(value)?.[1];
    if (structured !== undefined) return new X509Certificate(Buffer.from(structured, "base64"));
    if (BASE64.test(value)) return new X509Certificate(Buffer.from(value, "base64"));
    return new X509Certificate(decodeURIComponent(value));
  } catch {
    return undefined;
  }
}
