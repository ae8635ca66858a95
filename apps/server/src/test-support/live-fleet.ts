import { Agent, type AgentOptions } from "@mn316-fleet/agent-core";
import { createTestDatabase, startTestBroker, type TestBroker, type TestDatabase } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Settings } from "../platform/settings/settings";
import { FleetServer } from "./fleet-server";

/** The whole server on a port, with a broker, and real agents on virtual modules beside it. */
export class LiveFleet {
  readonly folder = mkdtempSync(path.join(tmpdir(), "mn316-live-"));
  private readonly stops: (() => Promise<void>)[] = [];

  private constructor(
    private readonly database: TestDatabase,
    readonly server: FleetServer,
    readonly broker: TestBroker,
  ) {}

  static async start(changes: Partial<Settings> = {}): Promise<LiveFleet> {
    const database = await createTestDatabase();
    return new LiveFleet(database, await FleetServer.start(database.url, changes), await startTestBroker());
  }

  async stop(): Promise<void> {
    for (const stop of this.stops.reverse()) await stop();
    await this.server.stop();
    await this.broker.stop();
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true });
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
      server: this.server.url,
      dataDir: path.join(this.folder, name),
      openStream: () => Promise.resolve(module.stream),
      ...options,
    });
    this.stops.push(() => agent.stop());
    return agent;
  }
}
