import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pino from "pino";
import "reflect-metadata";
import { Database } from "../platform/database/database";
import type { Settings } from "../platform/settings/settings";
import { startServer } from "../server";
import type { HttpAnswer } from "./test-app";

/** A whole server process, within the test's own: real HTTP, WebSockets, PostgreSQL and queues. */
export class FleetServer {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly settings: Settings,
    /** Lines of the log, as they were written. */
    readonly log: string[],
  ) {}

  static async start(databaseUrl: string, changes: Partial<Settings> = {}): Promise<FleetServer> {
    const settings: Settings = {
      port: 0,
      host: "127.0.0.1",
      databaseUrl,
      redisUrl: undefined,
      redisPrefix: "test",
      dataDir: mkdtempSync(path.join(tmpdir(), "mn316-server-")),
      adminKey: `mfk_${randomBytes(32).toString("base64url")}`,
      secretKey: undefined,
      roles: new Set(["api", "gateway", "worker"] as const),
      nodeId: `node-${randomBytes(4).toString("hex")}`,
      retentionDays: 90,
      historyDays: 400,
      webhookNetworks: ["127.0.0.0/8"],
      smtpUrl: undefined,
      mailFrom: undefined,
      trustedProxies: [],
      tls: { own: undefined, clientCa: undefined, clientCertHeader: undefined },
      oidc: undefined,
      logLevel: "debug",
      ...changes,
    };
    const log: string[] = [];
    const logger = pino({ level: settings.logLevel }, { write: (line: string) => void log.push(line) });
    const app = await startServer(settings, databaseUrl, logger);
    return new FleetServer(app, await app.getUrl(), settings, log);
  }

  get adminKey(): string {
    return this.settings.adminKey ?? "";
  }

  get database(): Database {
    return this.app.get(Database, { strict: false });
  }

  /** Sends any request; `resource` is an absolute path. */
  async send(method: string, resource: string, init: RequestInit = {}): Promise<HttpAnswer> {
    const response = await fetch(this.url + resource, { method, ...init });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== "" ? JSON.parse(text) : text,
    };
  }

  /** Sends JSON to an absolute path, without a key. */
  post(resource: string, body: unknown): Promise<HttpAnswer> {
    const headers = { "content-type": "application/json" };
    return this.send("POST", resource, { headers, body: JSON.stringify(body) });
  }

  /** Sends a request below /api/v1 with a key, the admin's unless another is given. */
  request(method: string, resource: string, body?: unknown, key = this.adminKey): Promise<HttpAnswer> {
    return this.send(method, `/api/v1/${resource}`, {
      headers: {
        ...(key !== "" && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** The body of an answer that must be a success. */
  async ok(method: string, resource: string, body?: unknown): Promise<HttpAnswer["body"]> {
    const answer = await this.request(method, resource, body);
    if (answer.status >= 300) throw new Error(`${method} ${resource}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Adds a device. */
  createDevice(fields: object = {}): Promise<{ id: string; token: string }> {
    return this.ok("POST", "devices", { name: "device", ...fields }) as Promise<{ id: string; token: string }>;
  }

  async stop(): Promise<void> {
    await this.app.close();
    rmSync(this.settings.dataDir, { recursive: true, force: true });
  }
}
