import type { Clock } from "@mn316-fleet/at";
import {
  CLOSE,
  type DownFrame,
  type FrameOf,
  type HelloFrame,
  type UpFrame,
  type WelcomeFrame,
} from "@mn316-fleet/protocol";
import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import type { Tokens } from "../identity/tokens";
import type { Outbox } from "../outbox/outbox";
import { pause } from "../time";
import { Connection, type ConnectionEnd } from "./connection";
import { EventSender } from "./event-sender";
import type { Network } from "./network";
import { Refusals } from "./refusals";
import { isUnauthorized, reconnectDelayMs, STABLE_MS } from "./reconnect-policy";

export interface ServerLinkOptions {
  url: URL;
  tokens: Tokens;
  network: Network;
  outbox: Outbox;
  /** The wall clock, of which the server is told. */
  clock: Clock;
  /** For durations. */
  steady: Clock;
  random: () => number;
  log: Logger;
  /** What the agent says of itself; the link adds its own numbers. */
  hello: () => Pick<HelloFrame, "agent" | "module" | "reported">;
}

/** Frames that the agent's other parts take. */
type Handed =
  | "welcome"
  | "desired"
  | "execute"
  | "cancel"
  | "token"
  | "log-level"
  | "console-open"
  | "console-input"
  | "console-close";

type ServerLinkEvents = { [Type in Handed]: [FrameOf<DownFrame, Type>] } & {
  /** A connection that had been welcomed ended. */
  lost: [ConnectionEnd];
};

const WELCOME_MS = 15_000;
const NORMAL = 1000;
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
  /** The server's clock minus our steady one, in ms. */
  private offsetMs: number | undefined;
  private lastEnd: ConnectionEnd | undefined;
  private changedAt: number;
  private readonly refusals: Refusals;

  constructor(private readonly options: ServerLinkOptions) {
    super();
    this.refusals = new Refusals(options.outbox, options.steady, options.log);
    this.changedAt = options.clock.now();
  }

  /** The server's time as far as we know it, ms since 1970. */
  get serverNow(): number {
    const { clock, steady } = this.options;
    return this.offsetMs === undefined ? clock.now() : steady.now() + this.offsetMs;
  }

  /** How the link is, for whoever stands beside the device. */
  get status(): { isConnected: boolean; since: number; lastEnd: ConnectionEnd | undefined } {
    return { isConnected: this.isWelcome, since: this.changedAt, lastEnd: this.lastEnd };
  }

  /** Why the server does not take what waits in the outbox, where it said so. */
  get refusal(): string | undefined {
    return this.refusals.current;
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
    const { steady } = this.options;
    const cancel = steady.after(CLOSE_MS, () => this.connection?.terminate("the agent stops"));
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
    const { steady, random, log, tokens } = this.options;
    for (let attempt = 0; !this.isStopping(); attempt++) {
      const begunAt = steady.now();
      const end = await this.connectOnce();
      this.lastEnd = end;
      if (this.isStopping()) return;
      if (steady.now() - begunAt > STABLE_MS) attempt = 0;
      if (isUnauthorized(end)) tokens.refused();
      const delayMs = Math.round(reconnectDelayMs(end, attempt, random));
      this.tell(end, attempt, delayMs, log);
      await pause(steady, delayMs, this.stopping.signal);
    }
  }

  /** One connection from its handshake to its end. */
  private connectOnce(): Promise<ConnectionEnd> {
    const { url, tokens, network, clock, steady, log } = this.options;
    return new Promise((resolve) => {
      const connection = new Connection(url, tokens.current ?? "", network, steady, log);
      this.connection = connection;
      let sender: EventSender | undefined;
      let saidHelloAt = 0;
      let acked = 0;
      let cancelWelcome: (() => void) | undefined;
      connection.on("open", () => {
        saidHelloAt = steady.now();
        connection.send(JSON.stringify(this.hello(clock.now())));
        cancelWelcome = steady.after(WELCOME_MS, () => {
          connection.terminate(`no welcome within ${WELCOME_MS / 1_000} s`);
        });
      });
      connection.on("frame", (frame) => {
        switch (frame.type) {
          case "welcome":
            if (sender) return;
            cancelWelcome?.();
            this.offsetMs = frame.time - (saidHelloAt + steady.now()) / 2;
            sender = this.welcomed(connection, frame);
            ({ acked } = frame);
            break;
          case "ack":
            if (frame.epoch !== this.options.outbox.epoch) break;
            acked = Math.max(acked, frame.seq);
            void sender?.acknowledge(frame.seq);
            break;
          case "error":
            if (sender && this.refusals.concerns(frame, sender)) void this.refused(connection, frame, acked, sender);
            else log.warn({ code: frame.code, message: frame.message }, "the server refused a frame");
            break;
          default:
            (this.emit as (type: string, frame: DownFrame) => boolean).call(this, frame.type, frame);
        }
      });
      connection.on("end", (end) => {
        cancelWelcome?.();
        sender?.stop();
        const wasWelcome = this.isWelcome;
        this.isWelcome = false;
        if (wasWelcome) {
          this.changedAt = clock.now();
          this.emit("lost", end);
        }
        resolve(end);
      });
    });
  }

  /** Nothing more is taken on this connection before what was refused: resumes on another, after a while. */
  private async refused(
    connection: Connection,
    frame: FrameOf<DownFrame, "error">,
    acked: number,
    sender: EventSender,
  ): Promise<void> {
    const isSolved = await this.refusals.take(frame, acked, sender).catch((error: unknown) => {
      this.options.log.error({ err: error }, "what the server refuses cannot be replaced");
      return false;
    });
    if (!isSolved) connection.leave(NORMAL, this.refusals.current ?? frame.message);
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private hello(now: number): HelloFrame {
    const { outbox, hello } = this.options;
    return { type: "hello", ...hello(), epoch: outbox.epoch, resumeFrom: outbox.resumeFrom, clock: now };
  }

  private welcomed(connection: Connection, welcome: WelcomeFrame): EventSender {
    const { outbox, log, clock } = this.options;
    const offsetMs = Math.round(this.serverNow - clock.now());
    log.info({ session: welcome.session, acked: welcome.acked, offsetMs }, "connected to the server");
    this.changedAt = clock.now();
    const sender = new EventSender(
      outbox,
      () => this.refusals.bounded(welcome.limits),
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
      log.error(fields, "the server does not accept this token: rotate it there and set MN316_TOKEN anew");
    else if (end.code === CLOSE.superseded)
      log.warn(fields, "another agent connected with this token: make sure that only one runs");
    else if (attempt < MAX_LOGGED_ATTEMPTS) log.warn(fields, "not connected to the server");
    else log.debug(fields, "not connected to the server");
  }
}
