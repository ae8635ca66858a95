const MASK = Buffer.from('"***"');
/** The sixth argument of `AT+MQTTCFG=` (§2.1). */
const CONFIGURE = /^AT\+MQTTCFG="[^"]*",[^,]*,"[^"]*",[^,]*,"[^"]*",("[^"]*")/i;
const MAX_SECRETS = 16;

/**
 * Takes passwords out of what passes on a line, also where the module's echo of one comes in several chunks: the end of a
 * chunk that could be the begin of a secret is held back until the next.
 */
export class SecretMask {
  private readonly secrets: Buffer[] = [];
  private held = Buffer.alloc(0);

  /** A command as it may be recorded; learns the password that it holds. */
  command(text: string): string {
    const secret = CONFIGURE.exec(text)?.[1];
    if (secret === undefined || secret === '""') return text;
    const bytes = Buffer.from(secret, "latin1");
    if (!this.secrets.some((known) => known.equals(bytes))) this.secrets.push(bytes);
    if (this.secrets.length > MAX_SECRETS) this.secrets.shift();
    return text.replace(secret, MASK.toString());
  }

  /** What of the received bytes may be recorded now. */
  received(chunk: Uint8Array): Buffer {
    let bytes = Buffer.concat([this.held, chunk]);
    for (const secret of this.secrets) bytes = replaced(bytes, secret);
    const keep = Math.max(0, ...this.secrets.map((secret) => beginAtEnd(bytes, secret)));
    this.held = bytes.subarray(bytes.length - keep);
    return bytes.subarray(0, bytes.length - keep);
  }

  /** What is still held back, once the line has ended. */
  rest(): Buffer {
    const rest = this.held;
    this.held = Buffer.alloc(0);
    return rest;
  }
}

function replaced(bytes: Buffer, secret: Buffer): Buffer<ArrayBuffer> {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, from)) {
    parts.push(bytes.subarray(from, at), MASK);
    from = at + secret.length;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]);
}

/** Length of the longest begin of the secret with which the bytes end. */
function beginAtEnd(bytes: Buffer, secret: Buffer): number {
  for (let length = Math.min(secret.length - 1, bytes.length); length > 0; length--)
    if (bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))) return length;
  return 0;
}
