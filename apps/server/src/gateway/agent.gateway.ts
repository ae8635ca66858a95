import {
  AGENT_PATH,
  CLOSE,
  DEFAULT_LIMITS,
  HEARTBEAT,
  type HelloFrame,
  MAX_FRAME_BYTES,
  SUBPROTOCOL,
  type WelcomeFrame,
  type StorableEvent,
} from "@mn316-fleet/protocol";
import { Inject, type OnModuleDestroy, type OnModuleInit } from "@nestjs/common";
import { type OnGatewayConnection, WebSocketGateway } from "@nestjs/websockets";
import type { IncomingMessage } from "node:http";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import { bearerCredential } from "../auth/credentials";
import { DeviceTokens, type VerifiedToken } from "../auth/device-tokens";
import { TokenWatch } from "../auth/token-watch";
import { Ingest } from "../ingest/ingest";
import { networkOf } from "../platform/http/network";
import { addressOf } from "../platform/http/trusted-proxies";
import { turnAway } from "../platform/http/turn-away";
import { TokenBuckets } from "../platform/limits/token-buckets";
import { LOGGER } from "../platform/logging/nest-logger";
import { mayRetry } from "../platform/problems/database-away";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { ClientCertificates } from "../platform/tls/client-certificates";
import { AgentConnection, type ConnectionHost } from "./agent-connection";
import { FrameHandlers } from "./frame-handlers";
import { LinkMetrics } from "./link-metrics";
import { NodeLinks } from "./node-links";
import type { ReceivedFrame } from "./parse-frame";
import { Presence } from "./presence";
import { ReadTurns } from "./read-turns";
import { Sessions } from "./sessions";

/** RFC 6455 and its registry: come again later. */
const TRY_AGAIN_LATER = 1013;
/** Wrong tokens out of one network. */
const WRONG_OF_NETWORK = { burst: 500, perS: 20 };
/** Connections of one device: two agents that have the same token push each other out all the time. */
const CONNECTIONS_OF_DEVICE = { burst: 60, perS: 1 };
/** Frames of one device; an honest agent waits for acknowledgements long before. */
const FRAMES_OF_DEVICE = { burst: 2_000, perS: 500 };
/** Frames of one device that break the protocol; what such a frame may cost is a good part of a second in ten of them. */
const FAULTS_OF_DEVICE = { burst: 10, perS: 10 / 60 };
/** What one device may write into the log by `error` frames. */
const TOLD_OF_DEVICE = { burst: 60, perS: 1 };
const BEAT_SLICE_MS = 1_000;
const RETRY_END_MS = 1_000;
/** At a stop, for each of: the frames under way, their commit, the agents' farewell. */
const FAREWELL_MS = 2_000;

/** The agents' WebSocket: who may come in, what happens with each frame, and an orderly end. */
@WebSocketGateway({
  path: AGENT_PATH,
  maxPayload: MAX_FRAME_BYTES,
  perMessageDeflate: false,
  handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
})
export class AgentGateway implements OnGatewayConnection, ConnectionHost, OnModuleInit, OnModuleDestroy {
  private isStopping = false;
  private beats: NodeJS.Timeout | undefined;
  /** Connections whose token is good, whether they have said hello or not. */
  readonly connections = new Set<AgentConnection>();
  private readonly turns: ReadTurns;
  /** Ends of sessions that still have to be written. */
  private readonly ending = new Set<Promise<void>>();
  private readonly wrongTokens = new TokenBuckets(WRONG_OF_NETWORK);
  private readonly arrivals = new TokenBuckets(CONNECTIONS_OF_DEVICE);
  readonly frameRate = new TokenBuckets(FRAMES_OF_DEVICE);
  readonly faultRate = new TokenBuckets(FAULTS_OF_DEVICE);
  private readonly toldErrors = new TokenBuckets(TOLD_OF_DEVICE);

  constructor(
    private readonly tokens: DeviceTokens,
    private readonly certificates: ClientCertificates,
    private readonly tokenWatch: TokenWatch,
    private readonly sessions: Sessions,
    private readonly presence: Presence,
    private readonly links: NodeLinks,
    private readonly frames: FrameHandlers,
    private readonly ingest: Ingest,
    private readonly metrics: LinkMetrics,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "trustedProxies">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.turns = new ReadTurns(this.connections, ingest);
  }

  onModuleInit(): void {
    this.beats = setInterval(() => {
      this.beat(performance.now());
    }, BEAT_SLICE_MS).unref();
    this.ingest.onPressure(() => {
      this.turns.closeDoors();
    });
  }

  /** A token that is wrong closes with 4001 before a frame is read; nothing tells what was wrong with it. */
  async handleConnection(socket: WebSocket, request: IncomingMessage): Promise<void> {
    socket.on("error", () => undefined); // told by close
    const network = networkOf(addressOf(request, this.settings.trustedProxies));
    if (this.wrongTokens.waitS(network) > 0) {
      turnAway(socket, TRY_AGAIN_LATER, "try again later");
      return;
    }
    socket.pause();
    const verified = await this.verify(request).catch((error: unknown) => {
      if (!mayRetry(error)) this.logger.error({ err: error }, "a token could not be checked");
      return "unknown" as const;
    });
    socket.resume(); // it is read from the next tick on, when the listeners are there
    if (this.isStopping) socket.close(CLOSE.restarting, "restarting");
    else if (verified === "unknown") turnAway(socket, TRY_AGAIN_LATER, "try again later");
    else if (!verified) {
      this.wrongTokens.take(network);
      turnAway(socket, CLOSE.unauthorized, "not authorised");
    } else if (this.arrivals.take(verified.deviceId) > 0) turnAway(socket, TRY_AGAIN_LATER, "too many connections");
    else if (this.faultRate.waitS(verified.deviceId) > 0) turnAway(socket, TRY_AGAIN_LATER, "too many bad frames");
    else if (socket.readyState === socket.OPEN) this.accept(socket, verified);
  }

  private async verify(request: IncomingMessage): Promise<VerifiedToken | undefined> {
    const token = bearerCredential(request.headers.authorization);
    if (token === undefined || this.isStopping) return undefined;
    return this.tokens.verify(token, this.certificates.of(request));
  }

  async greet(connection: AgentConnection, hello: HelloFrame): Promise<void> {
    const { deviceId } = connection;
    const { fencing, isCurrent, formerNodes, acked } = await this.presence.begin(deviceId, hello);
    connection.fencing = fencing;
    const superseded = isCurrent ? this.sessions.add(connection) : connection;
    superseded?.close(CLOSE.superseded, "superseded by a newer connection");
    if (superseded === connection) return;
    await this.links.supersede(deviceId, fencing, formerNodes);
    const additions = await Promise.all(this.frames.welcomers.map((welcomer) => welcomer(deviceId, hello)));
    connection.send({
      type: "welcome",
      session: String(fencing),
      acked,
      time: Date.now(),
      limits: DEFAULT_LIMITS,
      ...(Object.assign({}, ...additions) as Partial<WelcomeFrame>),
    });
    connection.isWelcomed = true;
    this.metrics.began();
    this.turns.queueUp(connection);
    for (const follower of this.frames.followers) await follower(connection, hello);
  }

  handle(connection: AgentConnection, frame: Exclude<ReceivedFrame, HelloFrame>): Promise<void> | void {
    if (frame.type === "events") {
      connection.handedIn(frame.events.length);
      connection.hasBacklog = this.ingest.submit(connection, frame.epoch, frame.events).isBacklog;
      this.turns.queueUp(connection);
      this.tellUnread(connection, frame.events);
      return;
    }
    if (frame.type === "error") {
      if (this.toldErrors.take(connection.deviceId) > 0) return;
      this.logger.warn(
        { deviceId: connection.deviceId, code: frame.code, message: frame.message },
        "an agent reports an error",
      );
      return;
    }
    return this.frames.find(frame.type)(connection, frame);
  }

  /** The agent learns that nobody here knows what it tells; the event itself is stored and acknowledged like any other. */
  private tellUnread(connection: AgentConnection, events: readonly StorableEvent[]): void {
    const index = events.findIndex(({ kind }) => kind === "unread");
    if (index < 0) return;
    const message = `events.${index}.kind: is not known to this server, which keeps the event unread`;
    connection.send({ type: "error", code: "unknown-kind", message, frame: "events" });
  }

  failed(connection: AgentConnection, error: unknown): void {
    if (!mayRetry(error))
      this.logger.error({ err: error, deviceId: connection.deviceId }, "a frame could not be handled");
    connection.close(TRY_AGAIN_LATER, "try again later");
  }

  /** Stops in order: what was received is committed and acknowledged, then the agents are told to come back. */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.beats);
    this.turns.stop();
    const connections = [...this.connections];
    for (const connection of connections) connection.hold("stopping");
    await withinMs(FAREWELL_MS, Promise.all(connections.map((connection) => connection.handled())));
    await withinMs(FAREWELL_MS, this.ingest.drain());
    for (const connection of connections) {
      connection.close(CLOSE.restarting, "restarting");
      connection.release("stopping"); // to hear the other side's farewell
    }
    const deadline = performance.now() + FAREWELL_MS;
    while (this.connections.size > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    for (const connection of this.connections) connection.cut();
    await new Promise((resolve) => setImmediate(resolve)); // their close events
    await Promise.allSettled(this.ending);
  }

  private accept(socket: WebSocket, verified: VerifiedToken): void {
    const connection = new AgentConnection(verified.deviceId, socket, this);
    connection.nextBeatAt = performance.now() + HEARTBEAT.everyMs * Math.random();
    const forget = this.tokenWatch.watch(verified, () => {
      connection.close(CLOSE.unauthorized, "not authorised");
    });
    this.connections.add(connection);
    socket.on("close", (code) => {
      forget();
      this.connections.delete(connection);
      this.turns.forget(connection);
      const ending = this.end(connection, code).finally(() => this.ending.delete(ending));
      this.ending.add(ending);
    });
  }

  /** Writes the end of a session, however long the database is away. */
  private async end(connection: AgentConnection, closeCode: number): Promise<void> {
    await connection.ended(); // a hello under way must not begin the session behind our back
    this.sessions.remove(connection);
    if (connection.fencing === 0n) return;
    if (connection.isWelcomed) this.metrics.ended(closeCode);
    for (;;) {
      try {
        await this.presence.end([{ fencing: connection.fencing, closeCode }]);
        return;
      } catch (error) {
        this.logger.warn({ reason: (error as Error).message }, "the end of a session could not be written yet");
        if (this.isStopping) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_END_MS).unref());
      }
    }
  }

  /**
   * Pings each agent every 30 s, spread by chance; one that missed two is gone. One that is not read cannot be heard.
   * @param now ms of the steady clock: whoever sets the wall clock back must not silence the heart-beats until it is there again
   */
  beat(now: number): void {
    for (const connection of this.connections) {
      if (connection.nextBeatAt > now || connection.isHeld) continue;
      connection.nextBeatAt = now + HEARTBEAT.everyMs * (0.9 + 0.2 * Math.random());
      if (connection.missedBeats >= HEARTBEAT.missed) connection.cut();
      else connection.beat();
    }
  }
}

async function withinMs(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
