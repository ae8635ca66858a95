import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { Mailer } from "./mailer";

const FROM = "The fleet <fleet@example.com>";
const MAIL = { id: "5a0c4b8e-0000-4000-8000-000000000000", subject: "pump is offline", text: "größer\n.\nend\n" };

describe("Mailer", () => {
  let server: SMTPServer;
  let mails: { to: string[]; from: string | false; text: string }[];
  let refuse: (address: string) => { code: number } | undefined;

  beforeEach(async () => {
    mails = [];
    refuse = () => undefined;
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      onRcptTo({ address }, _session, callback) {
        const refusal = refuse(address);
        callback(refusal ? Object.assign(new Error("no"), { responseCode: refusal.code }) : undefined);
      },
      onData(stream, { envelope }, callback) {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          mails.push({
            to: envelope.rcptTo.map(({ address }) => address),
            from: envelope.mailFrom && envelope.mailFrom.address,
            text: Buffer.concat(chunks).toString(),
          });
          callback();
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await new Promise<void>((resolve) => server.close(resolve));
  });
  const mailer = () =>
    new Mailer({ url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, from: FROM });

  it("hands a plain mail to the server, with an id that stays the same", async () => {
    expect(await mailer().send({ ...MAIL, to: ["a@example.com", "b@example.com"] })).toEqual({
      isDelivered: true,
      refused: [],
    });
    expect(mails).toMatchObject([{ to: ["a@example.com", "b@example.com"], from: "fleet@example.com" }]);
    const [{ text } = { text: "" }] = mails;
    expect(text).toContain("From: The fleet <fleet@example.com>");
    expect(text).toContain("Subject: pump is offline");
    expect(text).toContain(`Message-ID: <${MAIL.id}@example.com>`);
    expect(text).toContain("Auto-Submitted: auto-generated");
    expect(text).toMatch(/Content-Type: text\/plain; charset=utf-8/);
  });

  it("lets nothing of a subject become a head of its own", async () => {
    const subject = "pump\r\nBcc: evil@example.com\r\n\r\ntext\u2028\u0000";
    await mailer().send({ ...MAIL, subject, to: ["a@example.com"] });
    const [head = ""] = (mails[0]?.text ?? "").split("\r\n\r\n");
    expect(head).not.toMatch(/^bcc:/im);
    expect(head).toMatch(/^Subject: pump Bcc: evil@example.com text/m);
    expect(mails[0]?.to).toEqual(["a@example.com"]);
  });

  it("names recipients that the server refuses, and fails for good when it refuses all", async () => {
    refuse = (address) => (address === "b@example.com" ? { code: 550 } : undefined);
    expect(await mailer().send({ ...MAIL, to: ["a@example.com", "b@example.com"] })).toEqual({
      isDelivered: true,
      refused: ["b@example.com"],
    });
    expect(await mailer().send({ ...MAIL, to: ["b@example.com"] })).toMatchObject({
      isDelivered: false,
      mayRetry: false,
      error: expect.stringContaining("550"),
    });
  });

  it("may try again what is refused for now, and a server that is away", async () => {
    refuse = () => ({ code: 451 });
    expect(await mailer().send({ ...MAIL, to: ["a@example.com"] })).toMatchObject({
      isDelivered: false,
      mayRetry: true,
    });
    const away = new Mailer({ url: "smtp://127.0.0.1:1", from: FROM });
    expect(await away.send({ ...MAIL, to: ["a@example.com"] })).toMatchObject({
      isDelivered: false,
      mayRetry: true,
      error: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("says which setting is missing", async () => {
    const none = new Mailer({ url: undefined, from: undefined });
    expect(await none.send({ ...MAIL, to: ["a@example.com"] })).toMatchObject({
      isDelivered: false,
      mayRetry: false,
      error: expect.stringContaining("FLEET_SMTP_URL"),
    });
  });
});
