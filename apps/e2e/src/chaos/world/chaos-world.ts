import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort, Program } from "../../../../../tools/lib/processes.mjs";
import { ROOT } from "../../../../../tools/lib/workspace.mjs";
import { OwnPostgres } from "../../../../server/src/test-support/own-postgres";
import { Api } from "../../harness/api";
import { Cluster } from "../../harness/cluster";
import type { LightAgent } from "../../harness/light-agent";
import { OwnRedis } from "../../harness/own-redis";
import { Clocks } from "./clocks";
import { DatabaseLine } from "./database-line";
import { Door } from "./door";
import { FieldDevice } from "./field-device";
import { Jobs } from "./jobs";
import { MARK, processTree } from "./processes";
import { SmallDisk } from "./small-disk";
import { VirtualFleet } from "./virtual-fleet";

export interface WorldOptions {
  nodes: number;
  /** Agents that keep a ledger of all that they recorded. */
  lightAgents: number;
  /** Real agents on virtual modules, many in a process. */
  virtualDevices: number;
  perProcess: number;
  timeScale: number;
  outagesPerHour: number;
  /** Agents and modules in processes of their own. */
  fieldDevices: number;
  /** Of each light agent, on average. */
  eventEveryMs: number;
  jobEveryMs: number;
  databaseMib: number;
  /** How long all may take until it is well again behind a fault: agents come back with growing delays. */
  settleWithinMs: number;
  seed: number;
}

const SIMULATOR = path.join(ROOT, "apps/simulator/dist/mn316-sim.js");
const REDIS_MIB = 64;

/** Everything that can fail, in processes of its own: services, nodes behind their load balancer, agents, modules, a broker. */
export class ChaosWorld {
  /** By which its processes are known. */
  readonly mark = randomBytes(6).toString("hex");
  readonly folder = mkdtempSync(path.join(tmpdir(), "mn316-chaos-"));
  readonly clocks = new Clocks(path.join(this.folder, "clocks"));
  /** Nodes that were made silent by a fault, by index: nobody can ask them. */
  readonly silentNodes = new Set<number>();
  readonly field: FieldDevice[] = [];
  databaseDisk!: SmallDisk;
  redisDisk!: SmallDisk;
  agentsDisk!: SmallDisk;
  postgres!: OwnPostgres;
  redis!: OwnRedis;
  /** Between the nodes and PostgreSQL. */
  databaseLine!: DatabaseLine;
  cluster!: Cluster;
  door!: Door;
  fleet!: VirtualFleet;
  agents: LightAgent[] = [];
  jobs!: Jobs;
  private broker: { port: number; program: Program } | undefined;
  private telling: NodeJS.Timeout | undefined;
  private readonly undo: (() => Promise<void> | void)[] = [];

  private constructor(
    readonly options: WorldOptions,
    readonly random: () => number,
  ) {}

  /**
   * Starts all of it.
   * @param isOver ends the start, too: nothing is left of what was begun
   * @throws Error where this machine cannot, with what is missing
   */
  static async start(options: WorldOptions, random: () => number, isOver?: AbortSignal): Promise<ChaosWorld> {
    const world = new ChaosWorld(options, random);
    const ended = new Promise<never>((_resolve, reject) => {
      isOver?.addEventListener("abort", () => {
        reject(new Error("it was ended before all had started"));
      });
    });
    try {
      await Promise.race([world.begin(), ended]);
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** The API behind the load balancer. */
  get api(): Api {
    return new Api(this.door.url, this.cluster.adminKey);
  }

  get brokerUrl(): string {
    return `mqtt://127.0.0.1:${this.broker?.port}`;
  }

  get nodes(): number[] {
    return Array.from({ length: this.options.nodes }, (_, index) => index);
  }

  /** Those that run and can be asked. */
  get askableNodes(): number[] {
    const { pids } = this.cluster;
    return this.nodes.filter((index) => pids[index] !== undefined && !this.silentNodes.has(index));
  }

  /** Devices of light agents and of the virtual fleet. */
  get manyDeviceIds(): string[] {
    return [...this.agents.map(({ deviceId }) => deviceId), ...this.fleet.deviceIds];
  }

  /** All devices; each is to be connected when nothing is wrong. */
  get deviceIds(): string[] {
    return [...this.manyDeviceIds, ...this.field.map(({ deviceId }) => deviceId)];
  }

  /** Processes that are meant to be. */
  get pids(): number[] {
    const { cluster, fleet, field, redis, broker } = this;
    const single = [...cluster.pids, redis.pid, broker?.program.child.pid].filter((pid) => pid !== undefined);
    return [...single, ...fleet.pids, ...field.flatMap(({ pids }) => pids), ...processTree(this.postgres.pid)];
  }

  /** One of some, by the seed. */
  pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.random() * from.length)];
    if (picked === undefined) throw new RangeError("there is nothing to pick from");
    return picked;
  }

  async startBroker(): Promise<void> {
    const port = this.broker?.port ?? (await freePort(0));
    const program = new Program("broker", [SIMULATOR, "broker", "--port", String(port), "--exit-with-stdin"]);
    this.broker = { port, program };
    await program.firstLine();
  }

  async killBroker(): Promise<void> {
    const { program } = this.broker!;
    program.stopping = true;
    program.child.kill("SIGKILL");
    await program.exited;
  }

  /** Stops everything, the last started first, and removes its data. */
  async stop(): Promise<void> {
    for (let undo = this.undo.pop(); undo; undo = this.undo.pop()) await undo();
  }

  private async begin(): Promise<void> {
    const { options, folder, undo } = this;
    process.env[MARK] = this.mark;
    undo.push(() => {
      Reflect.deleteProperty(process.env, MARK);
      rmSync(folder, { recursive: true, force: true });
    });
    const [databaseFolder, redisFolder, agentsFolder] = ["database", "redis", "agents"].map((name) =>
      path.join(folder, name),
    ) as [string, string, string];
    this.databaseDisk = await this.disk(databaseFolder, options.databaseMib);
    this.redisDisk = await this.disk(redisFolder, REDIS_MIB);
    this.agentsDisk = await this.disk(agentsFolder, Math.max(256, 3 * options.virtualDevices));
    const settings = ["max_connections=120", "max_wal_size=96MB", "min_wal_size=32MB", "shared_buffers=64MB"];
    this.postgres = await OwnPostgres.start(path.join(databaseFolder, "cluster"), settings);
    undo.push(() => this.postgres.remove());
    const redis = await OwnRedis.find(redisFolder);
    if (!redis) throw new Error("faults need a redis-server");
    this.redis = redis;
    await redis.start();
    undo.push(() => redis.kill());

    const temporary = path.join(folder, "tmp");
    mkdirSync(temporary);
    const databaseLine = new DatabaseLine(this.postgres.url);
    await databaseLine.open();
    this.databaseLine = databaseLine;
    undo.push(() => databaseLine.close());
    this.cluster = new Cluster(
      {
        ...{ DATABASE_URL: databaseLine.url, REDIS_URL: redis.url, FLEET_SECRET_KEY: "7".repeat(64) },
        ...{ TMPDIR: temporary, ...this.clocks.env() },
      },
      this.postgres.url,
    );
    undo.push(() => this.cluster.stop());
    while (this.cluster.urls.length < options.nodes) await this.cluster.addNode();
    this.door = new Door(() => this.cluster.urls, this.random);
    await this.door.open();
    undo.push(() => this.door.close());
    await this.startBroker();
    undo.push(() => this.broker?.program.stop());
    await this.populate(agentsFolder);
    this.jobs = new Jobs(this, options.jobEveryMs);
    this.jobs.start();
    undo.push(() => this.jobs.stop());
  }

  private async disk(folder: string, sizeMib: number): Promise<SmallDisk> {
    const disk = await SmallDisk.mount(folder, sizeMib);
    this.undo.push(() => disk.unmount());
    return disk;
  }

  private async populate(folder: string): Promise<void> {
    const { options, undo, clocks, random } = this;
    const { virtualDevices: devices, perProcess, timeScale, outagesPerHour, seed } = options;
    const reach = { server: this.door.url, broker: this.brokerUrl, folder, timeScale };
    const of = { devices, perProcess, outagesPerHour, seed, adminKey: this.cluster.adminKey };
    this.fleet = await VirtualFleet.start({ ...reach, ...of }, clocks);
    undo.push(() => this.fleet.stop());
    for (let index = 0; index < options.fieldDevices; index++) {
      const imei = `8699${String(index).padStart(11, "0")}`;
      this.field.push(await FieldDevice.start(this.api, { ...reach, imei }, clocks));
    }
    undo.push(() => Promise.all(this.field.map((device) => device.stop())).then(() => undefined));
    this.agents = await this.cluster.addDevices(options.lightAgents, "light", [this.door.url]);
    for (const agent of this.agents) agent.start();
    this.telling = setInterval(() => {
      const agent = this.pick(this.agents);
      agent.tell({ kind: "signal", rssi: Math.floor(random() * 32), ber: 0 });
    }, options.eventEveryMs / this.agents.length);
    undo.push(() => {
      this.silence();
      for (const agent of this.agents) agent.stop();
    });
  }

  /** No more events of light agents. */
  silence(): void {
    clearInterval(this.telling);
  }
}
