import { Inject, Injectable } from "@nestjs/common";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SETTINGS, type Settings } from "../settings/settings";
import { decodeKey } from "../settings/read-settings";

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A secret as the database holds it. */
export interface SealedSecret {
  /** nonce, ciphertext, tag */
  sealed: Buffer;
  keyId: string;
}

/** A secret that this process has no key for. */
export class WrongKeyError extends Error {
  constructor(readonly keyId: string) {
    super(`The stored secret was encrypted with key ${keyId}, which this server does not have.`);
    this.name = "WrongKeyError";
  }
}

/**
 * Encrypts what the database keeps secret with the keys of `FLEET_SECRET_KEY`, or with those kept in the data folder: the
 * first one seals, all of them open.
 */
@Injectable()
export class SecretVault {
  private readonly keys: Map<string, Buffer>;
  /** Tells keys apart without telling anything of them. */
  readonly keyId: string;

  constructor(@Inject(SETTINGS) { secretKey, dataDir }: Pick<Settings, "secretKey" | "dataDir">) {
    const keys = (secretKey ?? keptKeys(dataDir)).split(",").map(keyFrom);
    this.keys = new Map(keys.map((key) => [idOf(key), key]));
    this.keyId = [...this.keys.keys()][0] ?? "";
  }

  /** @param ownerId binds the result to what it belongs to: it cannot be opened as another's */
  seal(secret: string, ownerId: string): SealedSecret {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key(this.keyId), nonce).setAAD(Buffer.from(ownerId));
    const text = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return { sealed: Buffer.concat([nonce, text, cipher.getAuthTag()]), keyId: this.keyId };
  }

  /** @throws WrongKeyError where a key sealed it that is not here */
  open({ sealed, keyId }: SealedSecret, ownerId: string): string {
    const decipher = createDecipheriv(ALGORITHM, this.key(keyId), sealed.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(ownerId))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
  }

  knows(keyId: string): boolean {
    return this.keys.has(keyId);
  }

  private key(keyId: string): Buffer {
    const key = this.keys.get(keyId);
    if (!key) throw new WrongKeyError(keyId);
    return key;
  }
}

function idOf(key: Buffer): string {
  return createHash("sha256").update("key id").update(key).digest("hex").slice(0, 12);
}

function keyFrom(text: string): Buffer {
  const key = decodeKey(text.trim());
  if (key?.length !== 32) throw new Error("FLEET_SECRET_KEY has a wrong value: expected 32 bytes as hex or base64");
  return key;
}

/** Made at the first start; readable by its owner only. Of two processes that start at once the first one's holds. */
function keptKeys(dataDir: string): string {
  const file = path.join(dataDir, "secret-key");
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(file, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readFileSync(file, "utf8").trim();
}
