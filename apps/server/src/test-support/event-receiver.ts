import { type EventStreamBatch, eventStreamBatchSchema } from "@mn316-fleet/contracts";
import { randomBytes } from "node:crypto";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

type ReceivedEvent = EventStreamBatch["data"]["events"][number];

/** Another system that events are pushed to: verifies and keeps what comes, and answers as a test wants it to. */
export class EventReceiver {
  readonly secret = `whsec_${randomBytes(32).toString("base64")}`;
  readonly batches: EventStreamBatch[] = [];
  /** Of all requests that came, those included that were not taken. */
  readonly ids: string[] = [];
  /** Answers instead of the receiver, which then does not keep what came. @returns whether it did */
  refuse: ((response: ServerResponse) => boolean) | undefined;
  private server: Server | undefined;
  private port = 0;

  static async start(): Promise<EventReceiver> {
    const receiver = new EventReceiver();
    await receiver.open();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/events`;
  }

  /** All events in the order in which they were taken, repeats included. */
  get events(): ReceivedEvent[] {
    return this.batches.flatMap(({ data }) => data.events);
  }

  /** Listens, again on the same port where it did before. */
  async open(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const headers = request.headers as Record<string, string>;
        this.ids.push(headers["webhook-id"] ?? "");
        if (this.refuse?.(response)) return;
        const text = Buffer.concat(chunks).toString();
        this.batches.push(eventStreamBatchSchema.parse(new Webhook(this.secret).verify(text, headers)));
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}
