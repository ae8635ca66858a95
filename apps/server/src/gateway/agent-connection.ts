import { CLOSE, DEFAULT_LIMITS, type DownFrame, type HelloFrame, type UpFrame } from "@mn316-fleet/protocol";
import type { WebSocket } from "ws";
import type { TokenBuckets } from "../platform/limits/token-buckets";
import type { AgentSession } from "./agent-session";
import { parseFrame, type ReceivedFrame } from "./parse-frame";

/** An agent that lets more than this pile up unread is cut off. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
const HELLO_WITHIN_MS = 10_000;
/** Frames of one connection that may wait for those before them; then it is not read until half of them are done. */
const MAX_WAITING_FRAMES = 16;
/** More than any agent hands in that waits for acknowledgements, as `welcome` asks it to. */
const MAX_UNACKNOWLEDGED_EVENTS = DEFAULT_LIMITS.batch * DEFAULT_LIMITS.inflight;

/**
 * Why a connection is not read: the node's buffer is full, the connection's own frames wait, they come too fast, it does not
 * wait for acknowledgements, the server is stopping.
 */
type Hold = "buffer" | "frames" | "rate" | "unacknowledged" | "stopping";

/** What a connection needs of the gateway. */
export interface ConnectionHost {
  /** How fast frames of each device may come. */
  readonly frameRate: TokenBuckets;
  /** How many frames of each device may be wrong, whatever connection they come by. */
  readonly faultRate: TokenBuckets;
  /** Resolves with the fencing number of the new session, once it was welcomed. */
  greet(connection: AgentConnection, hello: HelloFrame): Promise<void>;
  handle(connection: AgentConnection, frame: Exclude<ReceivedFrame, HelloFrame>): Promise<void> | void;
  /** An unexpected fault while handling a frame. */
  failed(connection: AgentConnection, error: unknown): void;
}

/** One socket of an agent, from its verified token to its end: reads frames in order, one at a time. */
export class AgentConnection implements AgentSession {
  /** Set by `greet`; 0 until then. */
  fencing = 0n;
  /** Heart-beats that were not answered yet. */
  missedBeats = 0;
  /** By the steady clock, in ms. */
  nextBeatAt = 0;
  /** Its hello must be read however full the buffer is, or it would seem to say none. */
  isWelcomed = false;
  /** Whether it has events to bring that piled up; of one that comes new, nobody knows yet. */
  hasBacklog = true;
  private readonly helloTimer: NodeJS.Timeout;
  private isGreeted = false;
  /** The handling of the frames before, in order. */
  private tail: Promise<void> = Promise.resolve();
  private waitingFrames = 0;
  private readonly holds = new Set<Hold>();
  private unacknowledged = 0;

  constructor(
    readonly deviceId: string,
    private readonly socket: WebSocket,
    private readonly host: ConnectionHost,
  ) {
    this.helloTimer = setTimeout(() => {
      this.close(CLOSE.protocolError, "no hello in time");
    }, HELLO_WITHIN_MS).unref();
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      this.receive(data, isBinary);
    });
    socket.on("ping", () => {
      this.ward();
    });
    socket.on("pong", () => {
      this.slowDown();
      this.missedBeats = 0;
    });
  }

  send(frame: DownFrame): boolean {
    if (this.socket.readyState !== this.socket.OPEN || this.isUnread()) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  close(code: number, reason: string): void {
    clearTimeout(this.helloTimer);
    this.socket.close(code, reason);
  }

  /** Ends the socket without the farewell that a half-open one would never answer. */
  cut(): void {
    this.socket.terminate();
  }

  beat(): void {
    this.missedBeats++;
    if (this.socket.readyState === this.socket.OPEN) this.socket.ping();
  }

  /** Whether its socket is not read now, so that an answer to a heart-beat would not be heard. */
  get isHeld(): boolean {
    return this.holds.size > 0;
  }

  /** Stops reading until nothing holds it any more: the kernel's buffers fill, and the agent has to wait. */
  hold(reason: Hold): void {
    if (this.holds.size === 0) this.socket.pause();
    this.holds.add(reason);
  }

  release(reason: Hold): void {
    if (!this.holds.delete(reason) || this.holds.size > 0) return;
    this.missedBeats = 0;
    this.socket.resume();
  }

  /** To be told of events that were handed in: an agent that hands in more than it may is not read until they are stored. */
  handedIn(events: number): void {
    this.unacknowledged += events;
    if (this.unacknowledged > MAX_UNACKNOWLEDGED_EVENTS) this.hold("unacknowledged");
  }

  settled(events: number): void {
    this.unacknowledged -= events;
    if (this.unacknowledged <= MAX_UNACKNOWLEDGED_EVENTS) this.release("unacknowledged");
  }

  /** Resolves when the frames that were read are handled. */
  async handled(): Promise<void> {
    await this.tail;
  }

  /** To be called when the socket is gone; resolves when the last frame's handling has ended. */
  async ended(): Promise<void> {
    clearTimeout(this.helloTimer);
    await this.tail;
  }

  /** Tells the agent what was wrong with a frame; closes the connection when it happens too often. */
  reject(code: string, message: string, frame?: UpFrame["type"]): void {
    this.send({ type: "error", code, message: message.slice(0, 1_000), ...(frame && { frame }) });
    if (this.host.faultRate.take(this.deviceId) > 0) this.close(CLOSE.protocolError, "too many bad frames");
  }

  /** Pings count as frames; the library has answered by now, and a peer that reads no answers is no peer. */
  private ward(): void {
    this.slowDown();
    this.isUnread();
  }

  /** @returns whether so much was written that the peer did not read that the connection is cut now */
  private isUnread(): boolean {
    if (this.socket.bufferedAmount <= MAX_BUFFERED_BYTES) return false;
    this.socket.terminate();
    return true;
  }

  private receive(data: Buffer, isBinary: boolean): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.slowDown();
    if (isBinary) {
      this.reject("not-text", "frames are text");
      return;
    }
    const frame = parseFrame(data.toString("utf8"));
    if ("code" in frame && !("type" in frame)) this.reject(frame.code, frame.message, frame.frame);
    else this.enqueue(frame);
  }

  /** What comes too fast is not lost: it waits at the other end. What was read in one piece with it still counts. */
  private slowDown(): void {
    const waitS = this.host.frameRate.charge(this.deviceId);
    if (waitS === 0 || this.holds.has("rate")) return;
    this.hold("rate");
    this.goOnIn(waitS);
  }

  private goOnIn(waitS: number): void {
    setTimeout(() => {
      const stillS = this.host.frameRate.waitS(this.deviceId);
      if (stillS > 0) this.goOnIn(stillS);
      else this.release("rate");
    }, waitS * 1_000).unref();
  }

  private enqueue(frame: ReceivedFrame): void {
    if (++this.waitingFrames >= MAX_WAITING_FRAMES) this.hold("frames");
    this.tail = this.tail
      .then(() => this.take(frame))
      .catch((error: unknown) => this.host.failed(this, error))
      .finally(() => {
        if (--this.waitingFrames <= MAX_WAITING_FRAMES / 2) this.release("frames");
      });
  }

  private async take(frame: ReceivedFrame): Promise<void> {
    if (frame.type !== "hello") {
      if (this.isGreeted) await this.host.handle(this, frame);
      else this.close(CLOSE.protocolError, "hello must come first");
      return;
    }
    if (this.isGreeted) {
      this.reject("unexpected", "type: hello was said already", frame.type);
      return;
    }
    clearTimeout(this.helloTimer);
    this.isGreeted = true;
    await this.host.greet(this, frame);
  }
}
