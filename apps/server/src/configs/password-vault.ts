import { Inject, Injectable } from "@nestjs/common";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { decodeKey } from "../platform/settings/read-settings";

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A password as the database holds it. */
export interface SealedPassword {
  /** nonce, ciphertext, tag */
  sealed: Buffer;
  keyId: string;
}

/** A password that this process has no key for. */
export class WrongKeyError extends Error {
  constructor(readonly keyId: string) {
    super(`The stored password was encrypted with key ${keyId}, which this server does not have.`);
    this.name = "WrongKeyError";
  }
}

/** Encrypts the modules' MQTT passwords with the key of `FLEET_SECRET_KEY`, or with one kept in the data folder. */
@Injectable()
export class PasswordVault {
  private readonly key: Buffer;
  /** Tells keys apart without telling anything of them. */
  private readonly keyId: string;

  constructor(@Inject(SETTINGS) { secretKey, dataDir }: Pick<Settings, "secretKey" | "dataDir">) {
    this.key = secretKey === undefined ? keptKey(dataDir) : keyFrom(secretKey);
    this.keyId = createHash("sha256").update("key id").update(this.key).digest("hex").slice(0, 12);
  }

  /** @param deviceId binds the result to the device: it cannot be opened as another's */
  seal(password: string, deviceId: string): SealedPassword {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key, nonce).setAAD(Buffer.from(deviceId));
    const text = Buffer.concat([cipher.update(password, "utf8"), cipher.final()]);
    return { sealed: Buffer.concat([nonce, text, cipher.getAuthTag()]), keyId: this.keyId };
  }

  /** @throws WrongKeyError where another key sealed it */
  open({ sealed, keyId }: SealedPassword, deviceId: string): string {
    if (keyId !== this.keyId) throw new WrongKeyError(keyId);
    const decipher = createDecipheriv(ALGORITHM, this.key, sealed.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(deviceId))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
  }
}

function keyFrom(text: string): Buffer {
  const key = decodeKey(text);
  if (key?.length !== 32) throw new Error("FLEET_SECRET_KEY has a wrong value: expected 32 bytes as hex or base64");
  return key;
}

/** Made at the first start; readable by its owner only. Of two processes that start at once the first one's holds. */
function keptKey(dataDir: string): Buffer {
  const file = path.join(dataDir, "secret-key");
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(file, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return keyFrom(readFileSync(file, "utf8").trim());
}
