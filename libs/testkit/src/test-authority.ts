import type * as X509 from "@peculiar/x509";
import { createHash, webcrypto } from "node:crypto";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const HOUR_MS = 3_600_000;

/** A certificate and its key, as files hold them. */
export interface TestCertificate {
  cert: string;
  key: string;
  /** Of the certificate's DER form, as hex. */
  sha256: string;
  der: Buffer;
}

/** What is said of a certificate; hours from now. */
interface Particulars {
  name?: string;
  fromH?: number;
  untilH?: number;
}

/** An authority of a test's own, which certifies whom the test wants: keys are made anew each time, none is kept. */
export class TestAuthority {
  private constructor(
    private readonly x509: typeof X509,
    private readonly keys: webcrypto.CryptoKeyPair,
    private readonly certificate: X509.X509Certificate,
  ) {}

  static async make(name = "test authority"): Promise<TestAuthority> {
    const x509 = await library();
    x509.cryptoProvider.set(webcrypto);
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...{ name: `CN=${name}`, keys, signingAlgorithm: ALGORITHM },
      ...during(-1, 24),
      extensions: [
        new x509.BasicConstraintsExtension(true, 1, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    });
    return new TestAuthority(x509, keys, certificate);
  }

  /** Itself, in PEM form. */
  get pem(): string {
    return this.certificate.toString("pem");
  }

  /** Certifies a server on this machine, or whoever connects to one. */
  async certify({ name = "device", fromH = -1, untilH = 12 }: Particulars = {}): Promise<TestCertificate> {
    const { x509 } = this;
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...{ subject: `CN=${name}`, issuer: this.certificate.subject },
      ...{ publicKey: keys.publicKey, signingKey: this.keys.privateKey, signingAlgorithm: ALGORITHM },
      ...during(fromH, untilH),
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: "dns", value: "localhost" },
          { type: "ip", value: "127.0.0.1" },
        ]),
      ],
    });
    const der = Buffer.from(certificate.rawData);
    const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
    return {
      ...{ cert: certificate.toString("pem"), der },
      key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
      sha256: createHash("sha256").update(der).digest("hex"),
    };
  }
}

/** Loaded by the suites that certify alone. */
async function library(): Promise<typeof X509> {
  await import("reflect-metadata"); // it wants it to be there
  return import("@peculiar/x509");
}

const generateKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

const during = (fromH: number, untilH: number) => ({
  notBefore: new Date(Date.now() + fromH * HOUR_MS),
  notAfter: new Date(Date.now() + untilH * HOUR_MS),
});
