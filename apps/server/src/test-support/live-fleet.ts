import { Agent, type AgentOptions } from "@mn316-fleet/agent-core";
import { createTestDatabase, startTestBroker, type TestBroker, type TestDatabase } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pino from "pino";
import "reflect-metadata";
import { startServer } from "../server";
import type { HttpAnswer } from "./test-app";

/** The whole server on a port, with a broker, and real agents on virtual modules beside it. */
export class LiveFleet {
  readonly adminKey = `mfk_${randomBytes(32).toString("base64url")}`;
  readonly folder = mkdtempSync(path.join(tmpdir(), "mn316-live-"));
  private readonly stops: (() => Promise<void>)[] = [];
  private database!: TestDatabase;
  app!: NestFastifyApplication;
  broker!: TestBroker;
  url!: string;

  async start(): Promise<void> {
    this.database = await createTestDatabase();
    this.broker = await startTestBroker();
    const settings = {
      port: 0,
      host: "127.0.0.1",
      databaseUrl: this.database.url,
      redisUrl: undefined,
      dataDir: path.join(this.folder, "server"),
      adminKey: this.adminKey,
      secretKey: undefined,
      roles: new Set(["api", "gateway", "worker"] as const),
      nodeId: "live",
      retentionDays: 90,
      logLevel: "silent" as const,
    };
    this.app = await startServer(settings, this.database.url, pino({ level: "silent" }));
    this.url = await this.app.getUrl();
  }

  async stop(): Promise<void> {
    for (const stop of this.stops.reverse()) await stop();
    await this.app.close();
    await this.broker.stop();
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async request(method: string, resource: string, body?: unknown, key = this.adminKey): Promise<HttpAnswer> {
    const response = await fetch(`${this.url}${resource.startsWith("/") ? resource : `/api/v1/${resource}`}`, {
      method,
      headers: {
        ...(key && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  }

  async ok(method: string, resource: string, body?: unknown): Promise<HttpAnswer["body"]> {
    const answer = await this.request(method, resource, body);
    if (answer.status >= 300) throw new Error(`${method} ${resource}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  module(options: ConstructorParameters<typeof VirtualMn316>[0] = {}): VirtualMn316 {
    const module = new VirtualMn316({ broker: this.broker.url, timeScale: 20, ...options });
    this.stops.push(() => {
      module.destroy();
      return Promise.resolve();
    });
    return module;
  }

  /** An agent on a module, not started; it stops with the fleet. */
  agent(module: VirtualMn316, name: string, options: Partial<AgentOptions> = {}): Agent {
    const agent = new Agent({
      server: this.url,
      dataDir: path.join(this.folder, name),
      openStream: () => Promise.resolve(module.stream),
      ...options,
    });
    this.stops.push(() => agent.stop());
    return agent;
  }
}
