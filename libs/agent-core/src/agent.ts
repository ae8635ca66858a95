import { type Clock, systemClock } from "@mn316-fleet/at";
import type { Mn316Options } from "@mn316-fleet/mn316";
import type { ExecuteFrame } from "@mn316-fleet/protocol";
import { chmod, mkdir } from "node:fs/promises";
import type { Duplex } from "node:stream";
import { type Logger, pino } from "pino";
import { Executor } from "./executions/executor";
import { agentUrl } from "./link/server-address";
import { ServerLink } from "./link/server-link";
import { LineLock } from "./module/line-lock";
import { ModuleSupervisor } from "./module/module-supervisor";
import { StateHistory } from "./module/state-history";
import { Telemetry } from "./module/telemetry";
import { Outbox } from "./outbox/outbox";
import { Recorder } from "./outbox/recorder";
import { ConnectionKeeper } from "./recovery/connection-keeper";
import { AgentStore } from "./store/agent-store";
import { pause, within } from "./time";
import { Twin } from "./twin/twin";
import { VERSION } from "./version";

export interface AgentOptions {
  /** `ws://host:port` or `wss://…` */
  server: string;
  /** The device's token. */
  token: string;
  /** Opens the serial line; called again after each loss. */
  openStream: () => Promise<Duplex>;
  /** A folder of this agent's own; made if it is missing. */
  dataDir: string;
  driver?: Omit<Mn316Options, "clock">;
  /** Bytes of events kept while the server is away; 64 MiB unless given. */
  outboxLimitBytes?: number;
  logger?: Logger;
  clock?: Clock;
  random?: () => number;
}

/** Commands of an operator by which the module's connection ends, or opens. */
const ENDS_CONNECTION = /^AT\+(MQTTDISC|MQTTDEL|MQTTCFG=)/i;
const OPENS_CONNECTION = /^AT\+MQTTOPEN=/i;
const DRAIN_MS = 3_000;
const DRAIN_POLL_MS = 50;

interface Parts {
  store: AgentStore;
  outbox: Outbox;
  recorder: Recorder;
  history: StateHistory;
  link: ServerLink;
  supervisor: ModuleSupervisor;
  twin: Twin;
  keeper: ConnectionKeeper;
  telemetry: Telemetry;
  executor: Executor;
}

/**
 * One module's agent: drives it over its serial line, keeps it connected with the configuration in force, runs executions,
 * and streams what happens to the server over one WebSocket. Everything survives a kill at any moment.
 */
export class Agent {
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly log: Logger;
  private parts: Parts | undefined;

  constructor(private readonly options: AgentOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.log = options.logger ?? pino({ level: "silent" });
  }

  /**
   * Starts everything; the serial line and the server may come later.
   * @throws StoreError where the data folder cannot be used, TypeError where the server's address is none
   */
  async start(): Promise<void> {
    const url = agentUrl(this.options.server);
    const parts = await this.build(url);
    this.parts = parts;
    await parts.recorder.record({ kind: "agent", state: "started", reason: `version ${VERSION}` });
    await parts.executor.start();
    parts.link.start();
    parts.supervisor.start();
    parts.keeper.start();
    parts.telemetry.start();
  }

  /** Stops within 5 s: what happened is on disk, and with the server if it answers in time. The module stays as it is. */
  async stop(): Promise<void> {
    const { parts, clock } = this;
    if (!parts) return;
    this.parts = undefined;
    const { executor, keeper, telemetry, supervisor, twin, history, recorder, outbox, link, store } = parts;
    telemetry.stop();
    twin.stop();
    history.move("unknown", "agent-stopped");
    void recorder.record({ kind: "agent", state: "stopping" });
    const stopped = Promise.all([executor.stop(), keeper.stop(), supervisor.stop()]);
    await within(clock, DRAIN_MS, stopped).catch((error: unknown) => {
      this.log.warn({ err: error }, "stopping goes on without waiting for all parts");
    });
    const drainUntil = clock.now() + DRAIN_MS / 2;
    while (link.isConnected && outbox.resumeFrom < outbox.nextSeq && clock.now() < drainUntil)
      await pause(clock, DRAIN_POLL_MS);
    await link.stop();
    await outbox.close();
    await store.close();
  }

  private async build(url: URL): Promise<Parts> {
    const { dataDir, token, openStream } = this.options;
    const { clock, random, log } = this;
    await mkdir(dataDir, { recursive: true });
    await chmod(dataDir, 0o700); // the configuration holds the broker's password
    const { store, wasRepaired } = await AgentStore.open(dataDir, log);
    const limitBytes = this.options.outboxLimitBytes;
    const outbox = await Outbox.open(store, { dataDir, clock, log, limitBytes, wasRepaired });
    const recorder = new Recorder(outbox, clock, log);
    const history = new StateHistory(recorder, clock, outbox.lastSeen);
    const lock = new LineLock();
    const supervisor = new ModuleSupervisor({
      openStream,
      driver: this.options.driver,
      ...{ clock, random, log, recorder, history },
    });
    const driver = () => supervisor.driver;
    const hello = () => ({ agent: VERSION, module: supervisor.identity, reported: twin.hello });
    const link = new ServerLink({ url, token, outbox, clock, random, log, hello });
    const twin = await Twin.open({
      ...{ store, driver, lock, recorder, clock, random, log },
      report: (frame) => link.send(frame),
    });
    const keeper = new ConnectionKeeper({
      ...{ driver, lock, recorder, clock, random, log },
      wanted: () => twin.inForce,
      onConnected: async (connected) => {
        await twin.confirm(connected);
        await twin.reportHeld(connected);
      },
    });
    const everyS = () => twin.policy?.telemetry.signalEveryS;
    const telemetry = new Telemetry({ driver, everyS, lock, recorder, clock, random, log });
    const executor = new Executor({
      ...{ store, driver, lock, recorder, clock, log },
      policy: () => twin.policy,
      applyAgain: () => twin.applyAgain(),
      serverNow: () => link.serverNow,
      onOperatorCommand: (command) => {
        if (ENDS_CONNECTION.test(command)) keeper.hold(`a job ran ${/^AT\+\w+/i.exec(command)?.[0] ?? command}`);
        if (OPENS_CONNECTION.test(command)) keeper.release();
      },
      onDone: (frame: ExecuteFrame) => {
        if (frame.job.kind === "reconnect" || frame.job.kind === "restart") keeper.lookAtOnce();
      },
    });
    const parts = { store, outbox, recorder, history, link, supervisor, twin, keeper, telemetry, executor };
    this.connect(parts);
    return parts;
  }

  /** What happens in one part moves the others. */
  private connect({ link, supervisor, twin, keeper, telemetry, executor }: Parts): void {
    const applyThenKeep = () => {
      twin
        .resume()
        .then(() => {
          keeper.lookAtOnce();
        })
        .catch((error: unknown) => {
          this.log.error({ err: error }, "configuration not applied");
        });
    };
    const take = (frame: Parameters<Twin["take"]>[0], isCurrent: boolean) => {
      twin.take(frame, isCurrent).catch((error: unknown) => {
        this.log.error({ version: frame.version, err: error }, "configuration not taken");
      });
    };
    supervisor.on("ready", () => {
      applyThenKeep();
      telemetry.refresh();
    });
    supervisor.on("module-restart", () => {
      keeper.lookAtOnce();
    });
    supervisor.on("state", () => {
      keeper.notice();
    });
    twin.on("changed", () => {
      applyThenKeep();
      telemetry.refresh();
    });
    link.on("welcome", ({ desired }) => {
      if (desired) take(desired, true);
    });
    link.on("desired", (frame) => {
      take(frame, false);
    });
    link.on("execute", (frame) => {
      executor.take(frame);
    });
  }
}
