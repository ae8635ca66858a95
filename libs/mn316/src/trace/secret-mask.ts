import { beginAtEnd, maskedConfig, maskedConfigs } from "./config-mask";

const MASK = "***";
const MAX_SECRETS = 16;
/** Shorter ones are masked only in quotes: a word of three letters stands in many places that are no secret. */
const MIN_BARE_LENGTH = 4;
/** A line that is held back for its end is not held for ever. */
const MAX_HELD = 8_192;

/**
 * Takes passwords out of what passes on a line: every password that a configuration shows, ours or the module's own, and
 * those of ours wherever else they stand. What could be the begin of one at the end of a chunk is held back until the next.
 */
export class SecretMask {
  private readonly secrets: string[] = [];
  private held = "";

  /** A command as it may be recorded; learns the password that it holds. */
  command(text: string): string {
    const { line, password } = maskedConfig(text);
    if (password !== undefined) this.learn(password);
    return this.withoutSecrets(line);
  }

  /** What of the received bytes may be recorded now. */
  received(chunk: Uint8Array): Buffer {
    const { text, open } = maskedConfigs(this.withoutSecrets(this.held + Buffer.from(chunk).toString("latin1")));
    const secretAt = text.length - Math.max(0, ...this.secrets.map((secret) => beginAtEnd(text, secret)));
    const keepFrom = Math.min(open, secretAt);
    this.held = text.slice(keepFrom);
    const told = text.slice(0, keepFrom);
    return this.held.length > MAX_HELD
      ? Buffer.concat([Buffer.from(told, "latin1"), this.rest()])
      : Buffer.from(told, "latin1");
  }

  /** What is still held back, once the line has ended. */
  rest(): Buffer {
    const { line } = maskedConfig(this.held);
    this.held = "";
    const cut = Math.max(0, ...this.secrets.map((secret) => beginAtEnd(line, secret)));
    const told = cut < MIN_BARE_LENGTH ? line : line.slice(0, -cut) + MASK;
    return Buffer.from(told, "latin1");
  }

  private learn(password: string): void {
    const secret = password.length < MIN_BARE_LENGTH ? `"${password}"` : password;
    if (!this.secrets.includes(secret)) this.secrets.push(secret);
    if (this.secrets.length > MAX_SECRETS) this.secrets.shift();
  }

  private withoutSecrets(text: string): string {
    let left = text;
    for (const secret of this.secrets) left = left.replaceAll(secret, secret.startsWith('"') ? `"${MASK}"` : MASK);
    return left;
  }
}
