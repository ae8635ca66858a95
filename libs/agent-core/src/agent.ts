import { type Clock, systemClock } from "@mn316-fleet/at";
import type { Mn316Options } from "@mn316-fleet/mn316";
import type { AtPolicy, ExecuteFrame } from "@mn316-fleet/protocol";
import { chmod, mkdir } from "node:fs/promises";
import type { Duplex } from "node:stream";
import { type Logger, pino } from "pino";
import type { AgentStatus } from "./agent-status";
import { Console } from "./console/console";
import { Executor } from "./executions/executor";
import { obtainToken } from "./identity/enrolment";
import { TokenUpdates } from "./identity/token-updates";
import { Tokens } from "./identity/tokens";
import type { Network } from "./link/network";
import { agentUrl } from "./link/server-address";
import { ServerLink } from "./link/server-link";
import { LogLevelSwitch } from "./log-level";
import { LineLock } from "./module/line-lock";
import { ModuleSupervisor } from "./module/module-supervisor";
import { PortFinder, type PortIdentity } from "./module/port-finder";
import { StateHistory } from "./module/state-history";
import { Telemetry } from "./module/telemetry";
import { Outbox } from "./outbox/outbox";
import { Recorder } from "./outbox/recorder";
import { ConnectionKeeper } from "./recovery/connection-keeper";
import { AgentStore } from "./store/agent-store";
import { pause, steadyClock, within } from "./time";
import { Twin } from "./twin/twin";
import { VERSION } from "./version";

export interface AgentOptions {
  /** `ws://host:port` or `wss://…` */
  server: string;
  /** The device's token; one that the server pushed later, or gave for the enrolment key, is in the data folder. */
  token?: string | undefined;
  /** Obtains a token where there is none yet. */
  enrollmentKey?: string | undefined;
  /** The device's name at its enrolment. */
  name?: string | undefined;
  /** Whom to trust, beside the well-known authorities. */
  network?: Network;
  /** A serial port or `tcp://host:port`; opened again after each loss, also under another name. */
  port?: string;
  /** Opens the serial line in place of `port`. */
  openStream?: () => Promise<Duplex>;
  /** A folder of this agent's own; made if it is missing. */
  dataDir: string;
  driver?: Omit<Mn316Options, "clock" | "record">;
  /** AT commands that jobs and the console may run here, whatever the configuration says. */
  at?: AtPolicy;
  /** Bytes of events kept while the server is away; 64 MiB unless given. */
  outboxLimitBytes?: number | undefined;
  /** Of this agent alone, for its level may be changed from afar. */
  logger?: Logger;
  /** The wall clock. */
  clock?: Clock;
  /** For durations and deadlines: runs on evenly whatever is done to the wall clock. */
  steady?: Clock;
  random?: () => number;
}

/** Commands of an operator by which the module's connection ends, or opens. */
const ENDS_CONNECTION = /^AT\+(MQTTDISC|MQTTDEL|MQTTCFG=)/i;
const OPENS_CONNECTION = /^AT\+MQTTOPEN=/i;
const DRAIN_MS = 3_000;
const DRAIN_POLL_MS = 50;
const PORT_KEY = "p/port";
const ALL_ALLOWED: AtPolicy = { allow: [], deny: [] };

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
  tokens: Tokens;
  tokenUpdates: TokenUpdates;
  console: Console;
  logLevel: LogLevelSwitch;
}

/**
 * One module's agent: drives it over its serial line, keeps it connected with the configuration in force, runs executions,
 * and streams what happens to the server over one WebSocket. Everything survives a kill at any moment.
 */
export class Agent {
  private readonly clock: Clock;
  private readonly steady: Clock;
  private readonly random: () => number;
  private readonly log: Logger;
  private readonly stopping = new AbortController();
  private readonly startedAt: number;
  private parts: Parts | undefined;

  constructor(private readonly options: AgentOptions) {
    this.clock = options.clock ?? systemClock;
    this.steady = options.steady ?? steadyClock;
    this.startedAt = this.clock.now();
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
    parts.supervisor.start();
    this.startLink(parts, url).catch((error: unknown) => {
      this.log.error({ err: error }, "not enrolled");
    });
    parts.keeper.start();
    parts.telemetry.start();
  }

  /** Stops within 5 s: what happened is on disk, and with the server if it answers in time. The module stays as it is. */
  async stop(): Promise<void> {
    const { parts, steady } = this;
    if (!parts) return;
    this.parts = undefined;
    this.stopping.abort();
    const { executor, keeper, telemetry, supervisor, twin, history, recorder, outbox, link, store } = parts;
    parts.console.end("the agent stops");
    parts.tokenUpdates.stop();
    parts.logLevel.end();
    telemetry.stop();
    twin.stop();
    history.move("unknown", "agent-stopped");
    void recorder.record({ kind: "agent", state: "stopping" });
    const stopped = Promise.all([executor.stop(), keeper.stop(), supervisor.stop()]);
    await within(steady, DRAIN_MS, stopped).catch((error: unknown) => {
      this.log.warn({ err: error }, "stopping goes on without waiting for all parts");
    });
    const drainUntil = steady.now() + DRAIN_MS / 2;
    while (link.isConnected && outbox.resumeFrom < outbox.nextSeq && steady.now() < drainUntil)
      await pause(steady, DRAIN_POLL_MS);
    await link.stop();
    await outbox.close();
    await store.close();
  }

  /** How the agent is now; undefined before it has started. */
  get status(): AgentStatus | undefined {
    const { parts } = this;
    if (!parts) return undefined;
    const { link, supervisor, history, outbox, twin } = parts;
    const { lastEnd, ...connection } = link.status;
    const { imei, model } = supervisor.identity;
    return {
      version: VERSION,
      startedAt: this.startedAt,
      server: {
        url: this.options.server,
        ...connection,
        ...(lastEnd && { lastEnd: `${lastEnd.code} ${lastEnd.reason}` }),
      },
      module: {
        isPortOpen: supervisor.isOpen,
        state: history.current,
        since: history.currentSince,
        ...(imei !== undefined && { imei }),
        ...(model !== undefined && { model }),
      },
      outbox: {
        waiting: outbox.nextSeq - outbox.resumeFrom,
        sizeBytes: outbox.sizeBytes,
        ...(link.refusal !== undefined && { refusal: link.refusal }),
      },
      config: twin.status,
    };
  }

  /** Connects with the token that there is, or with the one that the enrolment key brings. */
  private async startLink({ link, tokens, supervisor }: Parts, server: URL): Promise<void> {
    const { enrollmentKey: key, name, network = {} } = this.options;
    if (tokens.current === undefined && key !== undefined) {
      const imei = () => supervisor.identity.imei;
      const { steady: clock, random, log } = this;
      if (!(await obtainToken({ server, key, name, network, tokens, imei, clock, random, log }, this.stopping.signal)))
        return;
    }
    if (!this.stopping.signal.aborted) link.start();
  }

  private async openerOf(store: AgentStore): Promise<() => Promise<Duplex>> {
    const { openStream, port, driver } = this.options;
    if (openStream) return openStream;
    if (port === undefined) throw new TypeError("an agent needs a port, or a way to open its line");
    const finder = new PortFinder({
      port,
      baudRate: driver?.baudRate ?? 115_200,
      known: await store.read<PortIdentity>(PORT_KEY),
      remember: (identity) => store.save(PORT_KEY, identity),
      log: this.log,
    });
    return () => finder.open();
  }

  private async build(url: URL): Promise<Parts> {
    const { dataDir, network = {}, at: ownPolicy = ALL_ALLOWED } = this.options;
    const { clock, steady, random, log } = this;
    await mkdir(dataDir, { recursive: true });
    await chmod(dataDir, 0o700); // the configuration holds the broker's password, and there may be a token
    const { store, wasRepaired } = await AgentStore.open(dataDir, log);
    const limitBytes = this.options.outboxLimitBytes;
    const outbox = await Outbox.open(store, { dataDir, clock, log, limitBytes, wasRepaired });
    const recorder = new Recorder(outbox, clock, log);
    const history = new StateHistory(recorder, clock, outbox.lastSeen);
    const lock = new LineLock();
    const supervisor = new ModuleSupervisor({
      openStream: await this.openerOf(store),
      driver: this.options.driver,
      ...{ clock, random, log, recorder, history },
    });
    const driver = () => supervisor.driver;
    const hello = () => ({ agent: VERSION, module: supervisor.identity, reported: twin.hello });
    const tokens = await Tokens.open(dataDir, this.options.token);
    const link = new ServerLink({ url, tokens, network, outbox, clock, steady, random, log, hello });
    const send = (frame: Parameters<ServerLink["send"]>[0]) => link.send(frame);
    const tokenUpdates = new TokenUpdates({ tokens, send, clock: steady, random, log });
    const twin = await Twin.open({
      ...{ store, driver, lock, recorder, clock: steady, random, log },
      report: (frame) => link.send(frame),
    });
    const keeper = new ConnectionKeeper({
      ...{ driver, lock, recorder, clock: steady, random, log },
      reopenPort: () => {
        supervisor.reopen();
      },
      wanted: () => twin.inForce,
      onConnected: async (connected) => {
        await twin.confirm(connected);
        await twin.reportHeld(connected);
      },
    });
    const everyS = () => twin.policy?.telemetry.signalEveryS;
    const telemetry = new Telemetry({ driver, everyS, lock, recorder, clock: steady, random, log });
    const onOperatorCommand = (command: string, who: string) => {
      if (ENDS_CONNECTION.test(command)) keeper.hold(`${who} ran ${/^AT\+\w+/i.exec(command)?.[0] ?? command}`);
      if (OPENS_CONNECTION.test(command)) keeper.release();
    };
    const console = new Console({
      ...{ driver, ownPolicy, send, lock, recorder, clock: steady, log },
      policy: () => twin.policy?.at,
      onOperatorCommand: (command) => {
        onOperatorCommand(command, "the console");
      },
    });
    const executor = new Executor({
      ...{ store, driver, lock, recorder, clock, steady, log, ownPolicy },
      policy: () => twin.policy,
      lineFree: () => console.free(),
      applyAgain: () => twin.applyAgain(),
      serverNow: () => link.serverNow,
      onOperatorCommand: (command) => {
        onOperatorCommand(command, "a job");
      },
      onDone: (frame: ExecuteFrame) => {
        if (frame.job.kind === "reconnect" || frame.job.kind === "restart") keeper.lookAtOnce();
      },
    });
    const logLevel = new LogLevelSwitch(log, steady);
    const parts = {
      ...{ store, outbox, recorder, history, link, supervisor, twin, keeper, telemetry, executor },
      ...{ tokens, tokenUpdates, console, logLevel },
    };
    this.connect(parts);
    return parts;
  }

  /** What happens in one part moves the others. */
  private connect(parts: Parts): void {
    const { link, supervisor, twin, keeper, telemetry, executor, console, tokenUpdates, logLevel } = parts;
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
    link.on("cancel", (frame) => {
      executor.cancel(frame).catch((error: unknown) => {
        this.log.error({ execution: frame.execution, err: error }, "execution not canceled");
      });
    });
    link.on("token", (frame) => void tokenUpdates.take(frame));
    link.on("log-level", (frame) => {
      logLevel.set(frame);
    });
    link.on("console-open", (frame) => {
      console.open(frame);
    });
    link.on("console-input", (frame) => {
      console.input(frame);
    });
    link.on("console-close", (frame) => {
      console.close(frame);
    });
    link.on("lost", () => {
      console.end("the link to the server was lost");
    });
    supervisor.on("line", (entry) => {
      console.heard(entry);
    });
    supervisor.on("lost", () => {
      console.end("the serial line was lost");
    });
  }
}
