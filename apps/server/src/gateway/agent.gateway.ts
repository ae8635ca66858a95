import {
  AGENT_PATH,
  CLOSE,
  DEFAULT_LIMITS,
  HEARTBEAT,
  type HelloFrame,
  MAX_FRAME_BYTES,
  SUBPROTOCOL,
  type UpFrame,
  type WelcomeFrame,
} from "@mn316-fleet/protocol";
import { Inject, type OnModuleDestroy, type OnModuleInit } from "@nestjs/common";
import { type OnGatewayConnection, WebSocketGateway } from "@nestjs/websockets";
import type { IncomingMessage } from "node:http";
import { Gauge } from "prom-client";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import { DeviceTokens } from "../auth/device-tokens";
import { TokenWatch } from "../auth/token-watch";
import { Ingest } from "../ingest/ingest";
import { LOGGER } from "../platform/logging/nest-logger";
import { Metrics } from "../platform/metrics/metrics";
import { isDatabaseAway } from "../platform/problems/database-away";
import { AgentConnection, type ConnectionHost } from "./agent-connection";
import { FrameHandlers } from "./frame-handlers";
import { NodeLinks } from "./node-links";
import { Presence } from "./presence";
import { Sessions } from "./sessions";

/** RFC 6455 and its registry: come again later. */
const TRY_AGAIN_LATER = 1013;
const BEAT_SLICE_MS = 1_000;
const RETRY_END_MS = 1_000;

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
  /** Ends of sessions that still have to be written. */
  private readonly ending = new Set<Promise<void>>();

  constructor(
    private readonly tokens: DeviceTokens,
    private readonly tokenWatch: TokenWatch,
    private readonly sessions: Sessions,
    private readonly presence: Presence,
    private readonly links: NodeLinks,
    private readonly frames: FrameHandlers,
    private readonly ingest: Ingest,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    new Gauge({
      name: "fleet_agents_connected",
      help: "Agents connected to this node",
      registers: [metrics],
      collect() {
        this.set(sessions.size);
      },
    });
  }

  onModuleInit(): void {
    this.beats = setInterval(() => {
      this.beat();
    }, BEAT_SLICE_MS).unref();
  }

  /** A token that is wrong closes with 4001 before a frame is read; nothing tells what was wrong with it. */
  async handleConnection(socket: WebSocket, request: IncomingMessage): Promise<void> {
    socket.on("error", () => undefined); // told by close
    if (this.isStopping) {
      socket.close(CLOSE.restarting, "restarting");
      return;
    }
    socket.pause();
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    try {
      const verified = token === undefined ? undefined : await this.tokens.verify(token);
      if (verified) this.accept(socket, verified);
      else socket.close(CLOSE.unauthorized, "not authorised");
    } catch (error) {
      if (!isDatabaseAway(error)) this.logger.error({ err: error }, "a token could not be checked");
      socket.close(TRY_AGAIN_LATER, "try again later");
    }
    socket.resume();
  }

  async greet(connection: AgentConnection, hello: HelloFrame): Promise<void> {
    const { deviceId } = connection;
    const { fencing, acked } = await this.presence.begin(deviceId, hello);
    connection.fencing = fencing;
    this.sessions.add(connection)?.close(CLOSE.superseded, "superseded by a newer connection");
    await this.links.supersede(deviceId, fencing, CLOSE.superseded);
    const additions = await Promise.all(this.frames.welcomers.map((welcomer) => welcomer(deviceId, hello)));
    connection.send({
      type: "welcome",
      session: String(fencing),
      acked,
      time: Date.now(),
      limits: DEFAULT_LIMITS,
      ...(Object.assign({}, ...additions) as Partial<WelcomeFrame>),
    });
    for (const follower of this.frames.followers) await follower(connection, hello);
  }

  handle(connection: AgentConnection, frame: Exclude<UpFrame, HelloFrame>): Promise<void> | void {
    if (frame.type === "events") {
      this.ingest.submit(connection, frame.epoch, frame.events);
      return;
    }
    if (frame.type === "error") {
      this.logger.warn(
        { deviceId: connection.deviceId, code: frame.code, message: frame.message },
        "an agent reports an error",
      );
      return;
    }
    return this.frames.find(frame.type)(connection, frame);
  }

  failed(connection: AgentConnection, error: unknown): void {
    if (!isDatabaseAway(error))
      this.logger.error({ err: error, deviceId: connection.deviceId }, "a frame could not be handled");
    connection.close(TRY_AGAIN_LATER, "try again later");
  }

  /** Stops in order: what was received is committed and acknowledged, then the agents are told to come back. */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.beats);
    const sessions = this.sessions.all();
    for (const session of sessions) session.pause();
    await this.ingest.drain();
    for (const session of sessions) {
      session.resume(); // to hear the other side's farewell
      session.close(CLOSE.restarting, "restarting");
    }
    const deadline = Date.now() + 2_000;
    while (this.sessions.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const session of this.sessions.all()) session.cut();
    await new Promise((resolve) => setImmediate(resolve)); // their close events
    await Promise.allSettled(this.ending);
  }

  private accept(socket: WebSocket, verified: Awaited<ReturnType<DeviceTokens["verify"]>> & object): void {
    const connection = new AgentConnection(verified.deviceId, socket, this);
    connection.nextBeatAt = Date.now() + HEARTBEAT.everyMs * Math.random();
    const forget = this.tokenWatch.watch(verified, () => {
      connection.close(CLOSE.unauthorized, "not authorised");
    });
    this.open.add(connection);
    socket.on("close", (code) => {
      forget();
      this.open.delete(connection);
      const ending = this.end(connection, code).finally(() => this.ending.delete(ending));
      this.ending.add(ending);
    });
  }

  private readonly open = new Set<AgentConnection>();

  /** Writes the end of a session, however long the database is away. */
  private async end(connection: AgentConnection, closeCode: number): Promise<void> {
    await connection.ended(); // a hello under way must not begin the session behind our back
    this.sessions.remove(connection);
    if (connection.fencing === 0n) return;
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

  /** Pings each agent every 30 s, spread by chance; one that missed two is gone. */
  private beat(): void {
    const now = Date.now();
    for (const connection of this.open) {
      if (connection.nextBeatAt > now) continue;
      connection.nextBeatAt = now + HEARTBEAT.everyMs * (0.9 + 0.2 * Math.random());
      if (connection.missedBeats >= HEARTBEAT.missed) connection.cut();
      else connection.beat();
    }
  }
}
