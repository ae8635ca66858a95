import {
  AtChannel,
  type Clock,
  type CommandAnswer,
  type CommandOptions,
  CommandTimeoutError,
  type Frame,
  inWords,
  systemClock,
} from "@mn316-fleet/at";
import {
  ERROR_CODES,
  isTimeoutType,
  LIMITS,
  type ModuleState,
  moduleState,
  SUBSCRIBE_REFUSED,
  TIMEOUT_TYPES,
} from "@mn316-fleet/manual";
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { decodeFrame, publishHeader } from "../decode/decoder";
import { PublishRule } from "../decode/publish-rule";
import type { UrcUnit } from "../decode/units";
import { Recorder } from "../trace/recorder";
import { type Operation, Acknowledgements } from "./acknowledgements";
import { cellOf, configOf, type ReadConfig, signalOf, stateOf, subscriptionsOf, textOf } from "./answers";
import {
  checkCommand,
  configureCommand,
  openCommand,
  publishCommand,
  subscribeCommand,
  unsubscribeCommand,
} from "./commands";
import { AcknowledgementError, CommandError, ConnectError, ForeignDialectError } from "./errors";
import { EventStream } from "./event-stream";
import type {
  ExecResult,
  Identity,
  KnownState,
  Message,
  Mn316Event,
  Mn316Events,
  Mn316Options,
  OperationOptions,
  PublishOptions,
} from "./options";
import { inputAfter, inputBefore, inputOfUrc } from "./session-input";
import { INITIAL_SESSION, next, type SessionInput } from "./session-machine";
import { checkSettings, type MqttSettings } from "./settings";
import { Settling } from "./settling";
import { Subscriptions } from "./subscriptions";
import { topicMatches } from "./topic-filter";
import { foreignDialect, isBootLine, isSuspect, isUnsolicited } from "./unsolicited";

const DISCONNECT_PRIORITY = 10;
const BUSY_RETRIES = 3;
const BUSY_BACKOFF_MS = 300;
const BOOT_BOUND_MS = 60_000;
/** Several lines announce one restart. */
const BOOT_QUIET_MS = 3_000;
const ACK_MARGIN_MS = 15_000;
/** After a late CONNACK the module may still try again; then it says so by itself. */
const LATE_CONNECT_MS = 1_000;
const MAX_OUTPUT_CHARS = 65_536;

/**
 * Drives one MN316 over its serial line: typed commands, a state with a cause for every change, messages.
 * All methods reject with `ParameterError` before a byte is sent, `CommandError` where the module answers an error, and the
 * errors of `AtChannel` where it answers nothing.
 */
export class Mn316 extends EventEmitter<Mn316Events> {
  private readonly channel: AtChannel;
  private readonly clock: Clock;
  private readonly acknowledgements: Acknowledgements;
  private readonly settling: Settling;
  /** Restored after a reconnect that nobody here asked for, and after the next `connect`. */
  private readonly subscriptions = new Subscriptions();
  private readonly streams = new Map<EventStream<Mn316Event> | EventStream<Message>, (event: Mn316Event) => void>();
  private session = INITIAL_SESSION;
  private changedAt: number;
  private settings: MqttSettings | undefined;
  private lastBootAt = -Infinity;
  private isRestarting = false;
  private isPaused = false;
  private isClosed = false;
  private cancelLiveness: (() => void) | undefined;

  constructor(
    stream: Duplex,
    private readonly options: Mn316Options = {},
  ) {
    super();
    this.clock = options.clock ?? systemClock;
    this.changedAt = this.clock.now();
    const flow = () => {
      this.flow();
    };
    this.acknowledgements = new Acknowledgements(this.clock, flow);
    this.settling = new Settling(this.clock, flow);
    this.channel = new AtChannel(stream, {
      clock: this.clock,
      baudRate: options.baudRate ?? 115_200,
      isUnsolicited,
      isSuspect,
      payloadRules: [
        new PublishRule({
          isExpected: (topic) => this.subscriptions.desired.some(([filter]) => topicMatches(filter, topic)),
        }),
      ],
    });
    this.listen();
  }

  /** The module's connection state as last heard. */
  get state(): KnownState {
    return this.session.state;
  }

  /** Since when, in ms since 1970. */
  get since(): number {
    return this.changedAt;
  }

  /** Wakes the module, sets echo off and numeric errors, and asks for its state. */
  async start(): Promise<void> {
    await this.wake();
    await this.queryState();
  }

  /** Manufacturer, model, firmware, IMEI (27.007 §5); what the module does not answer is left out. */
  async identify(): Promise<Identity> {
    const questions = { manufacturer: "AT+CGMI", model: "AT+CGMM", firmware: "AT+CGMR", imei: "AT+CGSN=1" };
    const identity: Identity = {};
    for (const [field, command] of Object.entries(questions)) {
      const { lines, final } = await this.send(command);
      const answer = textOf(lines);
      if (final.code === "OK" && answer) identity[field as keyof Identity] = answer;
    }
    return identity;
  }

  /**
   * Configures the connection: MQTTCFG, then MQTTTO and MQTTPING, which MQTTCFG resets (§2.1, §2.9, §2.10).
   * @param settings ranges as in `MqttSettings`
   * Tells `warning` for what is allowed but against the manual's advice.
   */
  async configure(settings: MqttSettings): Promise<void> {
    for (const message of checkSettings(settings)) this.tell("warning", { message });
    await this.expectOk(configureCommand(settings));
    this.settings = settings;
    await this.expectOk(`AT+MQTTTO=${settings.ackTimeoutS}`);
    await this.expectOk(`AT+MQTTPING=${settings.pingEcho ? 1 : 0}`);
  }

  /**
   * What the module holds (`MQTTCFG?`, §2.1), the password masked by it; undefined when it is not configured.
   * @throws ForeignDialectError where the answer is another family's
   */
  async readConfig(): Promise<ReadConfig | undefined> {
    const { lines, final } = await this.send("AT+MQTTCFG?");
    for (const line of lines) {
      const dialect = foreignDialect(line);
      if (dialect !== undefined) throw new ForeignDialectError(dialect, line);
    }
    return final.code === "OK" ? configOf(lines) : undefined;
  }

  /**
   * Tells the driver the settings that the module holds already, so that `connect` can set its flags.
   * Sends nothing.
   */
  assume(settings: MqttSettings, subscriptions: readonly { topic: string; qos: number }[]): void {
    this.settings = settings;
    this.subscriptions.clear();
    for (const { topic, qos } of subscriptions) this.subscriptions.want(topic, qos);
  }

  /**
   * Connects to the broker (§2.2); resolves with `+MQTTOPEN:OK`.
   * @throws ConnectError with the cause where the module reports that it is not connected, or says nothing in time
   */
  async connect(options: OperationOptions = {}): Promise<void> {
    if (!this.settings) throw new ConnectError("unknown", "the module was not configured");
    if (this.session.state === "connected") return;
    const ends = ["connected", "disconnected", "initialized", "uninitialized", "unknown"];
    const outcome = this.settling.next((state) => ends.includes(state));
    try {
      await this.expectOk(openCommand(this.settings), options);
    } catch (error) {
      outcome.cancel();
      const state = await this.queryState().catch(() => "unknown");
      if (state === "connected" && error instanceof CommandError) return; // refused because there was nothing to open
      throw error;
    }
    const end = await outcome.within(this.options.connectTimeoutMs ?? 75_000, options.signal);
    const state = end?.to ?? (await this.queryState());
    if (state !== "connected") throw new ConnectError(end?.cause ?? "connect-timeout", `the module is ${state}`);
  }

  /** Disconnects from the broker (§2.7); overtakes waiting commands and resolves with `+MQTTDISC:OK`. */
  async disconnect(): Promise<void> {
    const outcome = this.settling.next((state) => state === "disconnected" || state === "unknown");
    try {
      await this.expectOk("AT+MQTTDISC", { priority: DISCONNECT_PRIORITY });
    } catch (error) {
      outcome.cancel();
      throw error;
    }
    // The URC may have come ahead of the OK.
    if (this.session.intent !== "close") outcome.cancel();
    else if (await outcome.within(this.commandTimeoutMs)) return;
    else if ((await this.queryState()) === "connected")
      throw new ConnectError("unknown", "the module did not disconnect");
  }

  /** Deletes the module's client (§2.8); it may be configured anew then. */
  async destroy(): Promise<void> {
    await this.expectOk("AT+MQTTDEL");
    this.subscriptions.clear();
    this.settings = undefined;
  }

  /**
   * Subscribes (§2.4) and resolves with the broker's SUBACK. The subscription is kept as desired, and restored when the
   * module has connected anew. One that stands already is not asked for again.
   * @returns the granted QoS
   * @throws AcknowledgementError where the broker refuses or stays silent
   */
  async subscribe(topic: string, qos: number, options: OperationOptions = {}): Promise<{ code: number }> {
    const command = subscribeCommand(topic, qos);
    this.subscriptions.want(topic, qos);
    const granted = this.subscriptions.grantOf(topic, qos);
    if (granted !== undefined) return { code: granted };
    let code: number;
    try {
      code = await this.acknowledged("subscribe", topic, qos, command, options);
    } catch (error) {
      if (!(error instanceof CommandError) || error.code !== ERROR_CODES.alreadySubscribed) throw error;
      this.subscriptions.acknowledged(topic, qos);
      code = qos;
    }
    if (code >= SUBSCRIBE_REFUSED) {
      this.subscriptions.drop(topic);
      throw new AcknowledgementError("subscribe", topic, "the broker refused (SUBACK 0x80)");
    }
    return { code };
  }

  /** Unsubscribes (§2.6) and resolves with the broker's UNSUBACK. */
  async unsubscribe(topic: string, options: OperationOptions = {}): Promise<void> {
    const command = unsubscribeCommand(topic);
    this.subscriptions.drop(topic);
    await this.acknowledged("unsubscribe", topic, 0, command, options);
  }

  /** The topics that the module holds (`MQTTSUB?`, §2.4). */
  async listSubscriptions(): Promise<{ topic: string; qos: number }[]> {
    return subscriptionsOf((await this.send("AT+MQTTSUB?")).lines);
  }

  /**
   * Publishes (§2.5); resolves with the module's OK (QoS 0), `+MQTTPUBACK` (QoS 1) or `+MQTTPUBCOMP` (QoS 2).
   * Several may be under way at once.
   * @param payload at most 2048 bytes
   * @throws AcknowledgementError where the broker stays silent; whether it has the message is unknown then
   */
  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    const { qos = 0, retain = false, ...rest } = options;
    const command = publishCommand(topic, payload, qos, retain);
    if (qos === 0) await this.expectOk(command, rest);
    else await this.acknowledged("publish", topic, qos, command, rest);
  }

  /** Asks for the connection state (`MQTTSTAT?`, §2.3). */
  async queryState(): Promise<KnownState> {
    await this.send("AT+MQTTSTAT?");
    return this.session.state;
  }

  /** Signal quality (27.007 §8.5): rssi 0…31 or 99, dBm = 2·rssi − 113; undefined where the module does not tell. */
  async signal(): Promise<{ rssi: number; ber: number } | undefined> {
    return signalOf((await this.send("AT+CSQ")).lines);
  }

  /** Id of the serving cell in hexadecimal (27.007 §10.1.22), where the module tells it. */
  async cell(): Promise<string | undefined> {
    return cellOf((await this.send("AT+CEREG?")).lines);
  }

  /** Restarts the module and waits until it answers again; its MQTT configuration is gone then. */
  async restart(): Promise<void> {
    this.isRestarting = true;
    try {
      await this.expectOk(this.restartCommand);
      const deadline = this.clock.now() + BOOT_BOUND_MS;
      for (;;) {
        await this.pauseFor(1_000);
        try {
          await this.wake();
          break;
        } catch (error) {
          if (this.isClosed || this.clock.now() > deadline) throw error;
        }
      }
    } finally {
      this.isRestarting = false;
    }
    await this.queryState();
  }

  /**
   * Sends any one command as it is; what it does to the connection counts as requested.
   * @throws ParameterError for an empty command, a control character, or one beyond ASCII; CommandTimeoutError
   */
  async exec(command: string, options: CommandOptions = {}): Promise<ExecResult> {
    checkCommand(command);
    const { final, lines, ms } = await this.run(command, options);
    const output: string[] = [];
    let chars = 0;
    for (const line of lines) {
      chars += line.length + 1;
      if (chars > MAX_OUTPUT_CHARS) break;
      output.push(line);
    }
    return { result: inWords(final), output, truncated: output.length < lines.length, ms };
  }

  /** Messages as they come, until the line is closed. What is left unread holds the line back. */
  messages(): AsyncIterableIterator<Message> {
    return this.stream<Message>((event, push) => {
      if (event.kind !== "message") return;
      const { topic, qos, retained, dup, packId, payload } = event;
      push({ topic, qos, retained, dup, packId, payload });
    });
  }

  /** All events as they come, each with its `kind`, until the line is closed. What is left unread holds the line back. */
  events(): AsyncIterableIterator<Mn316Event> {
    return this.stream<Mn316Event>((event, push) => {
      push(event);
    });
  }

  /** Holds the line back while no command or acknowledgement is waited for; for those who use the emitter. */
  pause(): void {
    this.isPaused = true;
    this.flow();
  }

  resume(): void {
    this.isPaused = false;
    this.flow();
  }

  /** Ends the line. */
  close(): void {
    this.channel.close();
  }

  private get commandTimeoutMs(): number {
    return this.options.commandTimeoutMs ?? 10_000;
  }

  private get restartCommand(): string {
    return this.options.restartCommand ?? "AT+CFUN=1,1";
  }

  /** The module itself reports a late acknowledgement; this only bounds a module that does not. */
  private get ackBoundMs(): number {
    return (this.settings?.ackTimeoutS ?? LIMITS.ackTimeoutS.default) * 1_000 + ACK_MARGIN_MS;
  }

  private listen(): void {
    const recorder = this.options.record && new Recorder(this.options.record, this.clock);
    if (recorder) {
      this.channel.on("sent", (command) => {
        recorder.sent(command);
      });
      this.channel.on("received", (chunk) => {
        recorder.received(chunk);
      });
    }
    this.channel.on("unsolicited", (frame) => {
      this.hear(frame);
    });
    this.channel.on("closed", (reason) => {
      recorder?.end();
      this.isClosed = true;
      this.cancelLiveness?.();
      this.acknowledgements.failAll(reason);
      this.take({ kind: "serial-lost" });
      this.tell("closed", { reason });
      for (const stream of this.streams.keys()) stream.end();
    });
  }

  private async wake(): Promise<void> {
    // The first bytes after a pause may be lost on a sleeping module: an AT that may fail costs little.
    await this.channel.command("AT", { timeoutMs: 1_000 }).catch(() => undefined);
    await this.send("ATE0");
    await this.send("AT+CMEE=1");
  }

  private async acknowledged(
    operation: Operation,
    topic: string,
    qos: number,
    command: string,
    options: OperationOptions,
  ): Promise<number> {
    const acknowledgement = this.acknowledgements.expect(operation, topic, qos, this.ackBoundMs);
    try {
      await this.expectOk(command, {
        ...options,
        onAnswer: ({ final }) => {
          if (final.code === "OK") acknowledgement.accepted();
        },
      });
    } catch (error) {
      acknowledgement.forget();
      throw error;
    }
    return acknowledgement.promise;
  }

  private async expectOk(command: string, options: CommandOptions = {}): Promise<void> {
    const { final } = await this.send(command, options);
    if (final.code === "OK") return;
    // An error on what used to work may be the first sign of a module that lost its connection, or restarted.
    if (this.session.state === "connected") this.queryState().catch(() => undefined);
    const name = /^AT\+?\w*/.exec(command)?.[0] ?? command; // without its arguments, which may hold a password
    throw new CommandError(name, final);
  }

  /** Sends a command, again after a pause while the module says that it is busy. */
  private async send(command: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.run(command, options);
      const isBusy = answer.final.code === "CME ERROR" && answer.final.err === ERROR_CODES.busy;
      if (!isBusy || attempt === BUSY_RETRIES) return answer;
      await this.pauseFor(BUSY_BACKOFF_MS * 2 ** attempt);
    }
  }

  /** One command on the line, and what it means for the session. */
  private async run(command: string, options: CommandOptions): Promise<CommandAnswer> {
    this.take(inputBefore(command));
    try {
      return await this.channel.command(command, {
        timeoutMs: this.commandTimeoutMs,
        ...options,
        onAnswer: (answer) => {
          options.onAnswer?.(answer);
          this.take(inputAfter(command, answer.final));
          const state = stateOf(answer.lines);
          if (state) this.hearState(state);
          if (answer.final.code === "OK" && command === this.restartCommand) this.restarted("requested");
        },
      });
    } catch (error) {
      // After a timeout nobody knows whether it was done; in all other cases it was not.
      if (!(error instanceof CommandTimeoutError)) this.take(inputAfter(command, { code: "ERROR" }));
      throw error;
    }
  }

  private pauseFor(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  private hear(frame: Frame): void {
    if (frame.kind === "payload") {
      const { topic, qos, retained, dup, packId } = publishHeader(frame.header);
      this.take({ kind: "answered" });
      const message = { topic, qos, retained: retained === 1, dup: dup === 1, packId, payload: frame.payload };
      this.tell("message", message);
      return;
    }
    if (frame.kind === "truncated") {
      const { topic, msgLen } = publishHeader(frame.header);
      this.tell("truncated", { topic, msgLen, payload: frame.payload });
      return;
    }
    const unit = decodeFrame(frame);
    const { line } = frame;
    const dialect = foreignDialect(line);
    const state = unit.unit === "response" && unit.name === "MQTTSTAT" ? moduleState(unit.stat) : undefined;
    if (unit.unit === "urc") this.hearUrc(unit);
    else if (state) this.hearState(state);
    else if (isBootLine(line)) this.restarted(line);
    else if (dialect !== undefined) this.tell("foreign-dialect", { dialect, line });
    else if (unit.unit !== "echo") this.tell("urc", { line });
  }

  private hearUrc(unit: UrcUnit): void {
    const wasOpening = this.session.intent === "open";
    if (unit.name === "MQTTDISC") this.acknowledgements.failAll("disconnected");
    this.take(inputOfUrc(unit));
    switch (unit.name) {
      case "MQTTOPEN":
        if (unit.result === "OK") this.opened();
        break;
      case "MQTTTO":
        this.timedOut(unit.type, wasOpening);
        break;
      case "MQTTREC":
        this.tell("reconnect", { attempt: unit.attempt });
        break;
      case "MQTTPINGRESP":
        this.tell("ping");
        break;
      case "MQTTSUBACK":
        this.subscriptions.acknowledged(unit.topic, unit.code);
        this.acknowledgements.answered("subscribe", unit.topic, unit.packId, unit.code);
        this.tell("suback", { packId: unit.packId, code: unit.code, topic: unit.topic });
        break;
      case "MQTTUNSUBACK":
        this.acknowledgements.answered("unsubscribe", unit.topic, unit.packId, 0);
        break;
      case "MQTTPUBACK":
      case "MQTTPUBCOMP":
        this.acknowledgements.published(unit.name === "MQTTPUBACK" ? 1 : 2, unit.packId);
        this.tell("publish-ack", { packId: unit.packId, dup: unit.dup });
        break;
    }
  }

  /** The module says nothing of its subscriptions, and after any connect they may be gone. */
  private opened(): void {
    this.acknowledgements.failAll("the connection was made anew");
    this.subscriptions.connectionLost();
    for (const [topic, qos] of this.subscriptions.desired)
      this.subscribe(topic, qos).catch((error: unknown) => {
        this.tell("restore-failed", { topic, reason: (error as Error).message });
      });
    this.watch();
  }

  private timedOut(type: number, wasOpening: boolean): void {
    if (!isTimeoutType(type)) return;
    const name = TIMEOUT_TYPES[type];
    if (name === "publish" || name === "subscribe" || name === "unsubscribe") this.acknowledgements.timedOut(name);
    if (name === "connect" && wasOpening)
      this.clock.after(LATE_CONNECT_MS, () => {
        if (this.session.intent === "open") this.queryState().catch(() => undefined);
      });
    this.tell("timeout", { type });
  }

  private hearState(state: ModuleState): void {
    const isLoss = this.session.state !== "uninitialized" && this.session.state !== "unknown";
    if (state === "uninitialized" && isLoss) this.restarted("+MQTTSTAT:0");
    else this.take({ kind: "stat", state });
  }

  private restarted(reason: string): void {
    const isKnown = this.clock.now() - this.lastBootAt < BOOT_QUIET_MS || (this.isRestarting && reason !== "requested");
    this.lastBootAt = this.clock.now();
    if (isKnown) return;
    this.acknowledgements.failAll("the module restarted");
    this.take({ kind: "restarted" });
    this.tell("module-restart", { reason });
    if (!this.isRestarting) this.wake().catch(() => undefined); // echo is on again; the next command tells if it is dead
  }

  private take(input: SessionInput | undefined): void {
    if (!input) return;
    const { state: from, intent } = this.session;
    const { cause, ...session } = next(this.session, input);
    this.session = session;
    const to = session.state;
    const since = this.changedAt;
    if (cause !== undefined) {
      this.changedAt = this.clock.now();
      if (from === "connected") this.subscriptions.connectionLost();
      this.tell("state", { from, to, since, at: this.changedAt, cause });
    }
    if (cause !== undefined || (intent !== undefined && session.intent === undefined))
      this.settling.tell({ to, cause });
  }

  private watch(): void {
    const { liveness } = this.options;
    this.cancelLiveness?.();
    if (!liveness) return;
    this.cancelLiveness = this.clock.after(liveness.everyS * 1_000, () => {
      if (this.session.state !== "connected") return;
      const { canaryTopic } = liveness;
      const check = canaryTopic === undefined ? this.queryState() : this.publish(canaryTopic, "", { qos: 1 });
      check
        .catch(() => this.queryState())
        .then(
          () => {
            this.watch();
          },
          () => undefined, // the line is dead or gone, which is told by itself
        );
    });
  }

  private stream<T extends Mn316Event | Message>(
    take: (event: Mn316Event, push: (item: T) => void) => void,
  ): EventStream<T> {
    const stream = new EventStream<T>(
      this.options.highWaterMark ?? 256,
      () => {
        this.flow();
      },
      () => {
        this.streams.delete(stream as never);
      },
    );
    this.streams.set(stream as never, (event) => {
      take(event, (item) => {
        stream.push(item);
      });
    });
    if (this.isClosed) stream.end();
    return stream;
  }

  private tell<Kind extends keyof Mn316Events>(kind: Kind, ...data: Mn316Events[Kind]): void {
    const event = { kind, ...(data[0] as object | undefined) } as Mn316Event;
    for (const push of this.streams.values()) push(event);
    (this.emit as (kind: Kind, ...data: Mn316Events[Kind]) => boolean).call(this, kind, ...data);
  }

  /** Reads on as long as something is waited for that only the line can bring. */
  private flow(): void {
    const isFull = this.isPaused || [...this.streams.keys()].some((stream) => stream.isFull);
    this.channel.hold(isFull && this.acknowledgements.isEmpty && this.settling.isEmpty);
  }
}
