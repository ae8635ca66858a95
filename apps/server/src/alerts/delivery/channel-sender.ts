import { Injectable } from "@nestjs/common";
import { Mailer } from "../../platform/mail/mailer";
import { SecretVault, WrongKeyError } from "../../platform/secrets/secret-vault";
import { WebhookSender } from "../../platform/webhooks/webhook-sender";
import type { ChannelTarget } from "../channels.store";

/** Something to tell, in both forms. */
export interface Message {
  /** The same for every attempt. */
  id: string;
  /** JSON */
  body: string;
  mail: { subject: string; text: string };
}

/** What became of one attempt. */
export type SendOutcome =
  { isDelivered: true; remark: string | null } | { isDelivered: false; mayRetry: boolean; error: string };

/** Brings a message to a channel, whichever kind it is of. */
@Injectable()
export class ChannelSender {
  constructor(
    private readonly webhooks: WebhookSender,
    private readonly mailer: Mailer,
    private readonly vault: SecretVault,
  ) {}

  /** Makes one attempt; never rejects. */
  async send(channel: ChannelTarget, { id, body, mail }: Message): Promise<SendOutcome> {
    if (channel.kind === "email") {
      const outcome = await this.mailer.send({ id, to: channel.recipients, ...mail });
      if (!outcome.isDelivered) return outcome;
      const { refused } = outcome;
      return { isDelivered: true, remark: refused.length > 0 ? `the mail server refused ${refused.join(", ")}` : null };
    }
    const secret = this.secretOf(channel);
    if (secret instanceof WrongKeyError)
      return { isDelivered: false, mayRetry: true, error: `${secret.message} Write it again.` };
    const outcome = await this.webhooks.send({ url: channel.url, secret, id, body });
    return outcome.isDelivered ? { isDelivered: true, remark: null } : outcome;
  }

  private secretOf({ channelId, sealed, keyId }: Extract<ChannelTarget, { kind: "webhook" }>): string | WrongKeyError {
    return this.vault.knows(keyId) ? this.vault.open({ sealed, keyId }, channelId) : new WrongKeyError(keyId);
  }
}
