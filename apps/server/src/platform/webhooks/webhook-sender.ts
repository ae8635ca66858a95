import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { Webhook } from "standardwebhooks";
import { ForbiddenTargetError, type LookUp, Targets } from "./targets";

const TIMEOUT_MS = 10_000;
/** Only the status counts; a receiver that says much is cut off. */
const MAX_ANSWER_BYTES = 65_536;
/** The receiver wants no more of it. */
const GONE = 410;

export interface WebhookMessage {
  url: string;
  /** `whsec_…` */
  secret: string;
  /** The same for every attempt at the same thing: receivers tell repeats by it. */
  id: string;
  /** JSON */
  body: string;
}

/** What became of one attempt. `mayRetry`: the same may succeed later. */
export type WebhookOutcome = { isDelivered: true } | { isDelivered: false; mayRetry: boolean; error: string };

export interface WebhookOptions {
  /** Networks that may be reached besides public addresses. */
  networks: readonly string[];
  /** For one attempt as a whole. */
  timeoutMs?: number;
  /** Another look-up of names than the system's. */
  lookUp?: LookUp;
}

/** Sends webhooks, signed by the Standard Webhooks scheme. Redirects are not followed: they would leave the checked address. */
export class WebhookSender {
  private readonly targets: Targets;
  private readonly timeoutMs: number;

  constructor({ networks, timeoutMs = TIMEOUT_MS, lookUp }: WebhookOptions) {
    this.targets = new Targets(networks, lookUp);
    this.timeoutMs = timeoutMs;
  }

  /** Makes one attempt; never rejects. Delivered is what was answered with 2xx in time. */
  async send(message: WebhookMessage): Promise<WebhookOutcome> {
    const signal = AbortSignal.timeout(this.timeoutMs);
    try {
      const answer = await this.post(message, signal);
      const { statusCode = 0 } = answer;
      await readAway(answer);
      if (statusCode >= 200 && statusCode < 300) return { isDelivered: true };
      const hint = statusCode >= 300 && statusCode < 400 ? "; redirects are not followed" : "";
      return { isDelivered: false, mayRetry: statusCode !== GONE, error: `answered ${statusCode}${hint}` };
    } catch (error) {
      const reason = signal.aborted ? `no answer within ${this.timeoutMs / 1_000} s` : reasonOf(error);
      return { isDelivered: false, mayRetry: !(error instanceof ForbiddenTargetError), error: reason };
    }
  }

  private post({ url, secret, id, body }: WebhookMessage, signal: AbortSignal): Promise<IncomingMessage> {
    const target = new URL(url);
    const host = target.hostname.replace(/^\[(.*)\]$/, "$1");
    // An address in figures is never looked up.
    if (isIP(host) !== 0 && !this.targets.isAllowed(host)) throw new ForbiddenTargetError(host);
    const at = new Date();
    const options: RequestOptions = {
      method: "POST",
      agent: false,
      signal,
      lookup: this.targets.lookup,
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "user-agent": "mn316-fleet",
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
        "webhook-signature": new Webhook(secret).sign(id, at, body),
      },
    };
    const request = target.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      request(target, options, resolve).on("error", reject).end(body);
    });
  }
}

/** Lets a receiver finish its answer, within bounds. */
async function readAway(answer: IncomingMessage): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_ANSWER_BYTES) return;
    }
  } catch {
    // Its status is known, which is all that counts.
  }
}

/** Several addresses of one name are tried at once, and then none of them says alone what was wrong. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
