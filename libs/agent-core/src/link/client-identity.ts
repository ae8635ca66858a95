import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

/** What the agent shows in TLS, as text in PEM form. */
export interface Identity {
  cert: string;
  key: string;
}

/** The agent's certificate and key, in files that whoever renews them writes anew. */
export class ClientIdentity {
  private last: Identity;

  /** @throws Error where the files cannot be read, or the key is not the certificate's */
  constructor(
    private readonly certFile: string,
    private readonly keyFile: string,
  ) {
    this.last = this.read();
  }

  /** As the files hold it now; where they cannot be used, in the middle of a renewal perhaps, as they last could be. */
  get current(): Identity {
    try {
      this.last = this.read();
    } catch {
      // The next connection looks again; a certificate that stays over is for the server to refuse.
    }
    return this.last;
  }

  /** What the server knows the certificate by, and until when it is good. */
  get certificate(): { sha256: string; validFrom: Date; validUntil: Date } {
    const certificate = new X509Certificate(this.current.cert);
    return {
      sha256: createHash("sha256").update(certificate.raw).digest("hex"),
      validFrom: new Date(certificate.validFrom),
      validUntil: new Date(certificate.validTo),
    };
  }

  private read(): Identity {
    const identity = { cert: readFileSync(this.certFile, "utf8"), key: readFileSync(this.keyFile, "utf8") };
    createSecureContext(identity);
    return identity;
  }
}
