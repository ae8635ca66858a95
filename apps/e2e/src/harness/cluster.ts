/** Several server processes over one PostgreSQL and one Redis, and many light agents on them. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Pool } from "pg";
import { noteRunning } from "../../../server/src/test-support/left-running";
import { freePort, Program } from "../../../../tools/lib/processes.mjs";
import { SERVER_ARGS } from "../../../../tools/lib/workspace.mjs";
import { Api } from "./api";
import { LightAgent } from "./light-agent";

interface Node {
  port: number;
  program: Program;
}

export class Cluster {
  readonly folder = mkdtempSync(path.join(tmpdir(), "mn316-cluster-"));
  readonly adminKey = `mfk_${randomBytes(32).toString("base64url")}`;
  readonly agents: LightAgent[] = [];
  readonly pool: Pool;
  private readonly forget = noteRunning(() => this.stop());
  private readonly nodes: Node[] = [];

  /**
   * @param services `DATABASE_URL`, `REDIS_URL` and whatever else all nodes share
   * @param databaseUrl by which the test itself looks into the database, where that is another way
   */
  constructor(
    private readonly services: Record<string, string> & { DATABASE_URL: string },
    databaseUrl = services.DATABASE_URL,
  ) {
    this.pool = new Pool({ connectionString: databaseUrl, max: 2 });
    this.pool.on("error", () => undefined);
  }

  /** Addresses of the nodes, whether they run now or not. */
  get urls(): string[] {
    return this.nodes.map(({ port }) => `http://127.0.0.1:${port}`);
  }

  /** Process ids of the nodes that run, by their index. */
  get pids(): (number | undefined)[] {
    return this.nodes.map(({ program: { child } }) =>
      child.exitCode === null && child.signalCode === null ? child.pid : undefined,
    );
  }

  /** The API of one node. */
  api(node = 0): Api {
    return new Api(this.urls[node] ?? "", this.adminKey);
  }

  /** Starts one more node. */
  async addNode(): Promise<void> {
    const port = await freePort(0);
    this.nodes.push({ port, program: await this.run(port, this.nodes.length) });
  }

  /** Kills a node as a power cut would: no handler runs. */
  async kill(index: number): Promise<void> {
    const node = this.node(index);
    node.program.stopping = true;
    node.program.child.kill("SIGKILL");
    await node.program.exited;
  }

  /** Asks a node to end, as an orchestrator does; resolves when it has. */
  async drain(index: number): Promise<void> {
    await this.node(index).program.stop();
  }

  /** Starts a node again that was killed or has ended. */
  async startAgain(index: number): Promise<void> {
    const node = this.node(index);
    node.program = await this.run(node.port, index);
  }

  /**
   * Registers devices at once.
   * @param urls where their agents connect: the nodes unless given
   * @returns their agents, not connected
   */
  async addDevices(count: number, tag: string, urls: readonly string[] = this.urls): Promise<LightAgent[]> {
    const devices = Array.from({ length: count }, () => ({
      id: randomUUID(),
      token: `mfd_${randomBytes(32).toString("base64url")}`,
    }));
    await this.pool.query(
      `WITH given AS (SELECT * FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS t (id, hash, n)),
            added AS (INSERT INTO device (id, fleet_id, name, tags) SELECT id, 0, 'device ' || n, ARRAY[$3] FROM given),
            states AS (INSERT INTO device_state (device_id) SELECT id FROM given)
       INSERT INTO device_token (device_id, hash) SELECT id, hash FROM given`,
      [devices.map(({ id }) => id), devices.map(({ token }) => createHash("sha256").update(token).digest()), tag],
    );
    const agents = devices.map(({ id, token }) => new LightAgent(id, token, urls));
    this.agents.push(...agents);
    return agents;
  }

  /** Memory of a node's process, in KiB; 0 where the system does not tell. */
  residentKib(index: number): number {
    try {
      const status = readFileSync(`/proc/${this.node(index).program.child.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    } catch {
      return 0;
    }
  }

  async stop(): Promise<void> {
    this.forget();
    for (const agent of this.agents) agent.stop();
    await Promise.all(this.nodes.map(({ program }) => program.stop()));
    await this.pool.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private node(index: number): Node {
    const node = this.nodes[index];
    if (!node) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  private async run(port: number, index: number): Promise<Program> {
    const program = new Program(`node ${index}`, SERVER_ARGS, {
      ipc: true,
      env: {
        PORT: String(port),
        FLEET_DATA_DIR: path.join(this.folder, `node-${index}`),
        FLEET_ADMIN_KEY: this.adminKey,
        FLEET_NODE_ID: `node-${index}`,
        LOG_LEVEL: "warn",
        ...this.services,
      },
    });
    await program.message((message: { type?: string }) => (message.type === "ready" ? true : undefined));
    return program;
  }
}
