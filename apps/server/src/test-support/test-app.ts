import type { DownFrame, FrameOf, HelloFrame, WelcomeFrame } from "@mn316-fleet/protocol";
import { type DynamicModule, Global, Module, type Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pino from "pino";
import "reflect-metadata";
import { AuthModule } from "../auth/auth.module";
import { AgentLinks, type OpenFrame, type SecretFrame } from "../gateway/agent-links";
import { FrameHandlers } from "../gateway/frame-handlers";
import { type NewEvent, Projectors } from "../ingest/projectors";
import { Database } from "../platform/database/database";
import { createFastifyAdapter } from "../platform/http/fastify-adapter";
import { useHttpRules } from "../platform/http/http-rules";
import { NestLogger } from "../platform/logging/nest-logger";
import { PlatformModule } from "../platform/platform.module";
import { PostgresQueues } from "../platform/queues/bull-queues";
import type { Settings } from "../platform/settings/settings";

/** The far end of the gateway's seam: devices that are connected, and the frames that reached them. */
export class SeamLinks extends AgentLinks {
  readonly online = new Set<string>();
  readonly frames: { deviceId: string; frame: DownFrame }[] = [];
  readonly closed: { deviceId: string; code: number }[] = [];

  constructor(private readonly handlers: FrameHandlers) {
    super();
  }

  async sendMade(deviceId: string, type: SecretFrame, argument?: unknown): Promise<"sent" | "offline"> {
    if (!this.online.has(deviceId)) return "offline";
    const frame = await this.handlers.maker(type)(deviceId, argument);
    if (frame) this.frames.push({ deviceId, frame });
    return "sent";
  }

  send(deviceId: string, frame: OpenFrame): Promise<"sent" | "offline"> {
    if (!this.online.has(deviceId)) return Promise.resolve("offline");
    this.frames.push({ deviceId, frame });
    return Promise.resolve("sent");
  }

  connected(deviceIds: readonly string[]): Promise<Set<string>> {
    return Promise.resolve(new Set(deviceIds.filter((deviceId) => this.online.has(deviceId))));
  }

  close(deviceId: string, code: number): Promise<void> {
    this.closed.push({ deviceId, code });
    return Promise.resolve();
  }

  of<T extends DownFrame["type"]>(deviceId: string, type: T): FrameOf<DownFrame, T>[] {
    return this.frames
      .filter((sent) => sent.deviceId === deviceId && sent.frame.type === type)
      .map(({ frame }) => frame as FrameOf<DownFrame, T>);
  }
}

@Global()
@Module({
  providers: [
    FrameHandlers,
    Projectors,
    {
      provide: AgentLinks,
      useFactory: (handlers: FrameHandlers) => new SeamLinks(handlers),
      inject: [FrameHandlers],
    },
  ],
  exports: [FrameHandlers, Projectors, AgentLinks],
})
class SeamModule {}

@Module({})
class TestModule {}

export interface HttpAnswer {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests assert the shape
  body: any;
}

let fencing = 0n;

/** Features on real HTTP, PostgreSQL and queues; only the agents' sockets are cut off, at the gateway's seam. */
export class TestApp {
  readonly adminKey = `mfk_${randomBytes(32).toString("base64url")}`;

  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
    adminKey: string | undefined,
    private readonly dataDir: string,
  ) {
    if (adminKey !== undefined) this.adminKey = adminKey;
  }

  static async start(
    features: (Type<unknown> | DynamicModule)[],
    databaseUrl: string,
    changes: Partial<Settings> = {},
  ): Promise<TestApp> {
    const dataDir = mkdtempSync(path.join(tmpdir(), "mn316-server-"));
    const settings: Settings = {
      port: 0,
      host: "127.0.0.1",
      databaseUrl,
      redisUrl: undefined,
      redisPrefix: "test",
      dataDir,
      adminKey: `mfk_${randomBytes(32).toString("base64url")}`,
      secretKey: undefined,
      roles: new Set(["api", "gateway", "worker"] as const),
      nodeId: "test",
      retentionDays: 90,
      historyDays: 400,
      webhookNetworks: ["127.0.0.0/8"],
      smtpUrl: undefined,
      mailFrom: undefined,
      trustedProxies: [],
      tls: { own: undefined, clientCa: undefined, clientCertHeader: undefined },
      oidc: undefined,
      logLevel: "silent",
      ...changes,
    };
    const logger = pino({ level: process.env.LOG_LEVEL ?? settings.logLevel });
    if (!settings.redisUrl) await PostgresQueues.migrate(databaseUrl);
    const platform = PlatformModule.with(settings, databaseUrl, logger);
    const app = await NestFactory.create<NestFastifyApplication>(
      { module: TestModule, imports: [platform, SeamModule, AuthModule, ...features] },
      createFastifyAdapter(settings),
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
      { logger: new NestLogger(logger), abortOnError: false, bodyParser: false },
    );
    useHttpRules(app, logger);
    await app.listen(0, "127.0.0.1");
    return new TestApp(app, await app.getUrl(), settings.adminKey, dataDir);
  }

  get links(): SeamLinks {
    return this.app.get(AgentLinks);
  }

  get database(): Database {
    return this.app.get(Database);
  }

  async request(
    method: string,
    resource: string,
    body?: unknown,
    { key = this.adminKey, ...headers }: Record<string, string> = {},
  ): Promise<HttpAnswer> {
    const response = await fetch(`${this.url}/api/v1/${resource}`, {
      method,
      headers: {
        ...(key && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  }

  /** The body of an answer that must be a success. */
  async ok(method: string, resource: string, body?: unknown): Promise<HttpAnswer["body"]> {
    const answer = await this.request(method, resource, body);
    if (answer.status >= 300) throw new Error(`${method} ${resource}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** What a device's connection does: its hello goes through the welcomers and followers. */
  async connect(deviceId: string, reported: HelloFrame["reported"] = { version: 0, config: null }) {
    const handlers = this.app.get(FrameHandlers);
    const hello: HelloFrame = {
      type: "hello",
      agent: "test",
      epoch: 1,
      resumeFrom: 1,
      module: {},
      reported,
      clock: Date.now(),
    };
    const session = { deviceId, fencing: ++fencing, send: () => true, close: () => undefined };
    let welcome: Partial<WelcomeFrame> = {};
    for (const welcomer of handlers.welcomers) welcome = { ...welcome, ...(await welcomer(deviceId, hello)) };
    this.links.online.add(deviceId);
    for (const follower of handlers.followers) await follower(session, hello);
    return { welcome, session };
  }

  /** What the ingest does with events that are new: one transaction for all projectors, then what follows the commit. */
  async project(events: NewEvent[]): Promise<void> {
    const followUps: (() => void)[] = [];
    await this.database.transaction(async (tx) => {
      for (const projector of this.app.get(Projectors).all()) {
        const own = events.filter(({ event }) => projector.kinds.includes(event.kind));
        if (own.length > 0) await projector.apply(tx, own, (followUp) => followUps.push(followUp));
      }
    });
    for (const followUp of followUps) followUp();
  }

  async stop(): Promise<void> {
    await this.app.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
