import { createTransport, type SMTPSentMessageInfo, type SMTPTransportOptions, type Transporter } from "nodemailer";

const TIMEOUT_MS = 20_000;
const MAX_SUBJECT_CHARS = 200;

export interface Mail {
  /** The same for every attempt at the same mail: makes its `Message-ID`. */
  id: string;
  to: readonly string[];
  subject: string;
  text: string;
}

/** What became of one attempt. `refused`: recipients that the mail server did not take. `mayRetry`: it may succeed later. */
export type MailOutcome =
  { isDelivered: true; refused: string[] } | { isDelivered: false; mayRetry: boolean; error: string };

export interface MailOptions {
  /** `smtp://user:password@host:587` or `smtps://…` */
  url: string | undefined;
  /** An address, or `Name <address>`. */
  from: string | undefined;
}

/** Sends plain mails by SMTP. */
export class Mailer {
  private readonly transport: Transporter<SMTPSentMessageInfo, SMTPTransportOptions> | undefined;
  private readonly from: string;

  constructor({ url, from }: MailOptions) {
    this.from = from ?? "";
    if (url === undefined) return;
    this.transport = createTransport({
      url,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  /** Makes one attempt; never rejects. Delivered is what the mail server took for at least one recipient. */
  async send({ id, to, subject, text }: Mail): Promise<MailOutcome> {
    if (!this.transport)
      return { isDelivered: false, mayRetry: false, error: "no mail server is named: set FLEET_SMTP_URL" };
    const domain = /@([^\s>]+)/.exec(this.from)?.[1] ?? "localhost";
    try {
      const { rejected } = await this.transport.sendMail({
        from: this.from,
        to: to.map((address) => ({ name: "", address })),
        subject: inOneLine(subject),
        text,
        messageId: `<${id}@${domain}>`,
        headers: { "Auto-Submitted": "auto-generated" },
      });
      return { isDelivered: true, refused: rejected };
    } catch (error) {
      const { code, responseCode, message } = error as { code?: string; responseCode?: number; message: string };
      // Only what the server says for good of these recipients or this mail; a wrong password can be put right.
      const isFinal =
        (code === "EENVELOPE" || code === "EMESSAGE") && responseCode !== undefined && responseCode >= 500;
      return { isDelivered: false, mayRetry: !isFinal, error: inOneLine(message) };
    }
  }
}

/** A subject is one line of a mail's head: what would end it becomes a space. */
function inOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").slice(0, MAX_SUBJECT_CHARS);
}
