import type { Clock } from "@mn316-fleet/at";
import { type DownFrame, downFrameSchema, HEARTBEAT, MAX_FRAME_BYTES, SUBPROTOCOL } from "@mn316-fleet/protocol";
import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import { type RawData, WebSocket } from "ws";
import { connectOptions, type Network } from "./network";

/** How a connection ended: a close code of WebSocket or of the protocol, or an HTTP status where it never began. */
export interface ConnectionEnd {
  code: number;
  reason: string;
}

interface ConnectionEvents {
  open: [];
  frame: [DownFrame];
  end: [ConnectionEnd];
}

const HANDSHAKE_MS = 15_000;
/** What the server's heart-beat may be late, on top of the beats that may be missed. */
const HEARTBEAT_SLACK_MS = 5_000;
const ABNORMAL = 1006;

/** One WebSocket to the server: frames in and out, and an end that is always noticed, half-open sockets included. */
export class Connection extends EventEmitter<ConnectionEvents> {
  private readonly socket: WebSocket;
  private cancelDeadline: (() => void) | undefined;
  private hasEnded = false;

  constructor(
    url: URL,
    token: string,
    network: Network,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    super();
    this.socket = new WebSocket(url, [SUBPROTOCOL], {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      ...connectOptions(url, network),
    });
    this.socket.on("open", () => {
      this.alive();
      this.emit("open");
    });
    this.socket.on("ping", () => {
      this.alive();
    });
    this.socket.on("message", (data, isBinary) => {
      this.receive(data, isBinary);
    });
    let failure = "closed without a reason";
    this.socket.on("error", (error) => (failure = error.message));
    this.socket.on("unexpected-response", (_request, response) => {
      this.end({ code: response.statusCode ?? ABNORMAL, reason: `HTTP ${response.statusCode ?? "?"}` });
      this.socket.terminate();
    });
    this.socket.on("close", (code, reason) => {
      this.end({ code, reason: reason.toString() || failure });
    });
  }

  /**
   * Writes a frame.
   * @returns false when the connection is not open
   */
  send(text: string): boolean {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(text);
    return true;
  }

  /** Closes in order. The end comes as an event. */
  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  /** Closes in order, for a reason that is ours: the end is told at once, and what still comes is not heard. */
  leave(code: number, reason: string): void {
    this.end({ code, reason });
    this.socket.close(code);
  }

  /** Ends at once, for a peer that does not answer any more. */
  terminate(reason: string): void {
    this.end({ code: ABNORMAL, reason });
    this.socket.terminate();
  }

  private alive(): void {
    this.cancelDeadline?.();
    if (this.hasEnded) return;
    const limitMs = HEARTBEAT.everyMs * HEARTBEAT.missed + HEARTBEAT_SLACK_MS;
    this.cancelDeadline = this.clock.after(limitMs, () => {
      this.terminate(`no heart-beat of the server for ${limitMs / 1_000} s`);
    });
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (this.hasEnded) return;
    const frame = isBinary ? undefined : parse(data);
    const parsed = downFrameSchema.safeParse(frame);
    if (parsed.success) {
      this.emit("frame", parsed.data);
      return;
    }
    const type = (frame as { type?: unknown } | undefined)?.type;
    const [issue] = parsed.error.issues;
    const field = issue?.path.join(".") ?? "";
    this.log.warn({ type, field, rule: issue?.message }, "frame not understood");
    // Never the values: a configuration may hold a password.
    this.send(
      JSON.stringify({ type: "error", code: "bad-frame", message: `${field || "frame"}: ${issue?.message ?? ""}` }),
    );
  }

  private end(end: ConnectionEnd): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.cancelDeadline?.();
    this.emit("end", end);
  }
}

function parse(data: RawData): unknown {
  try {
    return JSON.parse((data as Buffer).toString("utf8"));
  } catch {
    return undefined;
  }
}
