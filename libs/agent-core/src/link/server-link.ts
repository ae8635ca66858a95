import type { Clock } from "@mn316-fleet/at";
import {
  CLOSE,
  type DesiredFrame,
  type ExecuteFrame,
  type HelloFrame,
  type UpFrame,
  type WelcomeFrame,
} from "@mn316-fleet/protocol";
import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import type { Outbox } from "../outbox/outbox";
import { pause } from "../time";
import { Connection, type ConnectionEnd } from "./connection";
import { EventSender } from "./event-sender";
import { isUnauthorized, reconnectDelayMs, STABLE_MS } from "./reconnect-policy";

export interface ServerLinkOptions {
  url: URL;
  token: string;
  outbox: Outbox;
  clock: Clock;
  random: () => number;
  log: Logger;
  /** What the agent says of itself; the link adds its own numbers. */
  hello: () => Pick<HelloFrame, "agent" | "module" | "reported">;
}

interface ServerLinkEvents {
  welcome: [WelcomeFrame];
  desired: [DesiredFrame];
  execute: [ExecuteFrame];
}

const WELCOME_MS = 15_000;
const GOING_AWAY = 1001;
/** For the server to answer our close. */
const CLOSE_MS = 1_000;
const MAX_LOGGED_ATTEMPTS = 3;

/**
 * The agent's connection to its server, for as long as the agent runs: comes back after every loss, resumes from the last
 * acknowledged event, and knows how far the server's clock stands off.
 */
export class ServerLink extends EventEmitter<ServerLinkEvents> {
  private readonly stopping = new AbortController();
  private connection: Connection | undefined;
  private isWelcome = false;
  private running: Promise<void> | undefined;
  /** The server's clock minus ours, in ms. */
  private offsetMs = 0;

  constructor(private readonly options: ServerLinkOptions) {
    super();
  }

  /** The server's time as far as we know it, ms since 1970. */
  get serverNow(): number {
    return this.options.clock.now() + this.offsetMs;
  }

  get isConnected(): boolean {
    return this.isWelcome;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Closes the connection and does not come back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.connection?.close(GOING_AWAY, "the agent stops");
    const { clock } = this.options;
    const cancel = clock.after(CLOSE_MS, () => this.connection?.terminate("the agent stops"));
    await this.running;
    cancel();
  }

  /**
   * Sends a frame that need not survive a lost link.
   * @returns false when there is no link
   */
  send(frame: UpFrame): boolean {
    return this.isWelcome && this.connection?.send(JSON.stringify(frame)) === true;
  }

  private async run(): Promise<void> {
    const { clock, random, log } = this.options;
    for (let attempt = 0; !this.isStopping(); attempt++) {
      const begunAt = clock.now();
      const end = await this.connectOnce();
      if (this.isStopping()) return;
      if (clock.now() - begunAt > STABLE_MS) attempt = 0;
      const delayMs = Math.round(reconnectDelayMs(end, attempt, random));
      this.tell(end, attempt, delayMs, log);
      await pause(clock, delayMs, this.stopping.signal);
    }
  }

  /** One connection from its handshake to its end. */
  private connectOnce(): Promise<ConnectionEnd> {
    const { url, token, clock, log } = this.options;
    return new Promise((resolve) => {
      const connection = new Connection(url, token, clock, log);
      this.connection = connection;
      let sender: EventSender | undefined;
      let saidHelloAt = 0;
      let cancelWelcome: (() => void) | undefined;
      connection.on("open", () => {
        saidHelloAt = clock.now();
        connection.send(JSON.stringify(this.hello(saidHelloAt)));
        cancelWelcome = clock.after(WELCOME_MS, () => {
          connection.terminate(`no welcome within ${WELCOME_MS / 1_000} s`);
        });
      });
      connection.on("frame", (frame) => {
        switch (frame.type) {
          case "welcome":
            if (sender) return;
            cancelWelcome?.();
            this.offsetMs = frame.time - (saidHelloAt + clock.now()) / 2;
            sender = this.welcomed(connection, frame);
            break;
          case "ack":
            if (frame.epoch === this.options.outbox.epoch) void sender?.acknowledge(frame.seq);
            break;
          case "desired":
            this.emit("desired", frame);
            break;
          case "execute":
            this.emit("execute", frame);
            break;
          case "error":
            log.warn({ code: frame.code, message: frame.message }, "the server refused a frame");
            break;
        }
      });
      connection.on("end", (end) => {
        cancelWelcome?.();
        sender?.stop();
        this.isWelcome = false;
        resolve(end);
      });
    });
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private hello(now: number): HelloFrame {
    const { outbox, hello } = this.options;
    return { type: "hello", ...hello(), epoch: outbox.epoch, resumeFrom: outbox.resumeFrom, clock: now };
  }

  private welcomed(connection: Connection, welcome: WelcomeFrame): EventSender {
    const { outbox, log } = this.options;
    log.info(
      { session: welcome.session, acked: welcome.acked, offsetMs: Math.round(this.offsetMs) },
      "connected to the server",
    );
    const sender = new EventSender(
      outbox,
      welcome.limits,
      (text) => connection.send(text),
      (error) => log.error({ err: error }, "events not sent"),
      Math.max(outbox.resumeFrom, welcome.acked + 1),
    );
    this.isWelcome = true;
    if (welcome.acked >= outbox.nextSeq) {
      log.error({ acked: welcome.acked, next: outbox.nextSeq }, "the data folder is older than what the server has");
      outbox.advance(welcome.acked);
    }
    void sender.acknowledge(welcome.acked);
    this.emit("welcome", welcome);
    return sender;
  }

  private tell(end: ConnectionEnd, attempt: number, delayMs: number, log: Logger): void {
    const fields = { code: end.code, reason: end.reason, againInMs: delayMs };
    if (isUnauthorized(end))
      log.error(fields, "the server does not accept this token: rotate it and set MN316_TOKEN anew");
    else if (end.code === CLOSE.superseded)
      log.warn(fields, "another agent connected with this token: make sure that only one runs");
    else if (attempt < MAX_LOGGED_ATTEMPTS) log.warn(fields, "not connected to the server");
    else log.debug(fields, "not connected to the server");
  }
}
