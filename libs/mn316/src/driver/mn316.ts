import { AtChannel, type Clock, type CommandOptions, inWords, systemClock } from "@mn316-fleet/at";
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import type { PublishHeader } from "../decode/publish-head";
import { PublishRule } from "../decode/publish-rule";
import { Recorder } from "../trace/recorder";
import { Acknowledgements } from "./acknowledgements";
import { configOf, type ReadConfig, registrationOf, signalOf, subscriptionsOf, textOf } from "./answers";
import { BrokerOperations } from "./broker-operations";
import { CommandRunner } from "./command-runner";
import { ackTimeoutCommand, checkCommand, configureCommand, pingEchoCommand } from "./commands";
import { Connection } from "./connection";
import { ForeignDialectError } from "./errors";
import { EventHub } from "./event-hub";
import { Liveness } from "./liveness";
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
  Registration,
} from "./options";
import { RestartWatch } from "./restart-watch";
import { Session } from "./session";
import { checkSettings, type MqttSettings } from "./settings";
import { Subscriptions } from "./subscriptions";
import { foreignDialect, isSuspect, isUnsolicited } from "./unsolicited";
import { UrcListener } from "./urc-listener";

/** After a late CONNACK the module may still try again; then it says so by itself. */
const LATE_CONNECT_MS = 1_000;
const MAX_OUTPUT_CHARS = 65_536;
const DEFAULTS = {
  ...{ baudRate: 115_200, commandTimeoutMs: 10_000, connectTimeoutMs: 75_000, restartCommand: "AT+CFUN=1,1" },
  ...{ highWaterMark: 256, sleepsAfterMs: 5_000, stallMs: 5_000 },
};

/**
 * Drives one MN316 over its serial line: typed commands, a state with a cause for every change, messages.
 * All methods reject with `ParameterError` before a byte is sent, `CommandError` where the module answers an error, and the
 * errors of `AtChannel` where it answers nothing.
 */
export class Mn316 extends EventEmitter<Mn316Events> {
  private readonly options: Mn316Options & typeof DEFAULTS;
  private readonly clock: Clock;
  private readonly channel: AtChannel<PublishHeader>;
  private readonly session: Session;
  private readonly hub: EventHub;
  private readonly runner: CommandRunner;
  private readonly acknowledgements: Acknowledgements;
  /** Restored after a reconnect that nobody here asked for, and after the next `connect`. */
  private readonly subscriptions = new Subscriptions();
  private readonly connection: Connection;
  private readonly broker: BrokerOperations;
  private readonly restarts: RestartWatch;
  private readonly liveness: Liveness | undefined;
  private settings: MqttSettings | undefined;
  private isPaused = false;

  constructor(stream: Duplex, options: Mn316Options = {}) {
    super();
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.options = { ...DEFAULTS, ...(Object.fromEntries(given) as Mn316Options) };
    const { highWaterMark, commandTimeoutMs: timeoutMs, baudRate, sleepsAfterMs, stallMs } = this.options;
    const clock = (this.clock = options.clock ?? systemClock);
    const onChange = () => {
      this.flow();
    };
    this.hub = new EventHub({
      emit: (kind, ...data) => (this.emit as (kind: string, ...data: unknown[]) => boolean).call(this, kind, ...data),
      ...{ highWaterMark, onChange },
    });
    this.acknowledgements = new Acknowledgements(clock, onChange);
    this.session = new Session({
      clock,
      onState: (change) => {
        if (change.from === "connected") this.subscriptions.connectionLost();
        this.hub.tell("state", change);
      },
      onWaiting: onChange,
    });
    const isExpected = (topic: string) => this.subscriptions.isWanted(topic);
    this.channel = new AtChannel(stream, {
      ...{ clock, baudRate, sleepsAfterMs, stallMs, isUnsolicited, isSuspect },
      payloadRules: [new PublishRule({ isExpected })],
    });
    const { channel, session, acknowledgements, subscriptions, hub } = this;
    const listener = new UrcListener({
      ...{ session, acknowledgements, subscriptions, hub },
      onOpened: () => {
        this.opened();
      },
      onConnectLate: () => {
        this.clock.after(LATE_CONNECT_MS, () => {
          if (session.intent === "open") this.queryState().catch(() => undefined);
        });
      },
      onRestartSign: (reason) => {
        this.restarted(reason);
      },
    });
    this.runner = new CommandRunner({
      ...{ channel, clock, session, timeoutMs },
      onAnswer: (command, answer) => {
        listener.hearAnswer(answer);
        if (answer.final.code === "OK" && command === this.options.restartCommand) this.restarted("requested");
      },
    });
    const { runner } = this;
    this.connection = new Connection({ ...this.options, ...{ channel, runner, session, clock } });
    const ackTimeoutS = () => this.settings?.ackTimeoutS;
    this.broker = new BrokerOperations({ runner, acknowledgements, subscriptions, ackTimeoutS });
    this.restarts = new RestartWatch(clock);
    this.liveness = this.makeLiveness();
    channel.on("unsolicited", (frame) => {
      listener.hear(frame);
    });
    this.followChannel();
  }

  /** The module's connection state as last heard. */
  get state(): KnownState {
    return this.session.state;
  }

  /** Since when, in ms since 1970. */
  get since(): number {
    return this.session.since;
  }

  /** Wakes the module, sets echo off and numeric errors, and asks for its state. */
  async start(): Promise<void> {
    await this.connection.wake();
    await this.queryState();
  }

  /** Manufacturer, model, firmware, IMEI (27.007 §5); what the module does not answer is left out. */
  async identify(): Promise<Identity> {
    const questions = { manufacturer: "AT+CGMI", model: "AT+CGMM", firmware: "AT+CGMR", imei: "AT+CGSN=1" };
    const identity: Identity = {};
    for (const [field, command] of Object.entries(questions)) {
      const { lines, final } = await this.runner.send(command);
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
    for (const message of checkSettings(settings)) this.hub.tell("warning", { message });
    await this.runner.expectOk(configureCommand(settings));
    this.settings = settings;
    await this.runner.expectOk(ackTimeoutCommand(settings.ackTimeoutS));
    await this.runner.expectOk(pingEchoCommand(settings.pingEcho));
  }

  /**
   * Sets the ACK timeout alone (§2.9).
   * @param ackTimeoutS 1…65535 s, not above the keepAlive of the configuration, where one is known
   */
  async setAckTimeout(ackTimeoutS: number): Promise<void> {
    const command = ackTimeoutCommand(ackTimeoutS);
    const settings = this.settings && { ...this.settings, ackTimeoutS };
    for (const message of settings ? checkSettings(settings) : []) this.hub.tell("warning", { message });
    await this.runner.expectOk(command);
    this.settings = settings;
  }

  /** Shows `+MQTTPINGRESP` for each answered heart-beat, or hides it (§2.10). */
  async setPingEcho(isShown: boolean): Promise<void> {
    await this.runner.expectOk(pingEchoCommand(isShown));
    if (this.settings) this.settings = { ...this.settings, pingEcho: isShown };
  }

  /**
   * What the module holds (`MQTTCFG?`, §2.1), the password masked by it; undefined when it is not configured.
   * @throws ForeignDialectError where the answer is another family's
   */
  async readConfig(): Promise<ReadConfig | undefined> {
    const { lines, final } = await this.runner.send("AT+MQTTCFG?");
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
    await this.connection.connect(this.settings, options);
  }

  /** Disconnects from the broker (§2.7); overtakes waiting commands and resolves with `+MQTTDISC:OK`. */
  async disconnect(): Promise<void> {
    await this.connection.disconnect();
  }

  /** Deletes the module's client (§2.8); it may be configured anew then. */
  async destroy(): Promise<void> {
    await this.runner.expectOk("AT+MQTTDEL");
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
    return this.broker.subscribe(topic, qos, options);
  }

  /** Unsubscribes (§2.6) and resolves with the broker's UNSUBACK. */
  async unsubscribe(topic: string, options: OperationOptions = {}): Promise<void> {
    await this.broker.unsubscribe(topic, options);
  }

  /** The topics that the module holds (`MQTTSUB?`, §2.4). */
  async listSubscriptions(): Promise<{ topic: string; qos: number }[]> {
    return subscriptionsOf((await this.runner.send("AT+MQTTSUB?")).lines);
  }

  /**
   * Publishes (§2.5); resolves with the module's OK (QoS 0), `+MQTTPUBACK` (QoS 1) or `+MQTTPUBCOMP` (QoS 2).
   * Several may be under way at once.
   * @param payload at most 2048 bytes
   * @throws AcknowledgementError where the broker stays silent; whether it has the message is unknown then
   */
  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    await this.broker.publish(topic, payload, options);
  }

  /** Asks for the connection state (`MQTTSTAT?`, §2.3). */
  async queryState(): Promise<KnownState> {
    return this.connection.queryState();
  }

  /** Signal quality (27.007 §8.5): rssi 0…31 or 99, dBm = 2·rssi − 113; undefined where the module does not tell. */
  async signal(): Promise<{ rssi: number; ber: number } | undefined> {
    return signalOf((await this.runner.send("AT+CSQ")).lines);
  }

  /** Registration in the network (27.007 §10.1.22); undefined where the module does not tell. */
  async registration(): Promise<Registration | undefined> {
    return registrationOf((await this.runner.send("AT+CEREG?")).lines);
  }

  /** Id of the serving cell in hexadecimal (27.007 §10.1.22), where the module tells it. */
  async cell(): Promise<string | undefined> {
    return (await this.registration())?.cell;
  }

  /** Restarts the module and waits until it answers again; its MQTT configuration is gone then. */
  async restart(): Promise<void> {
    await this.connection.restart();
  }

  /**
   * Sends any one command as it is; what it does to the connection counts as requested.
   * @throws ParameterError for an empty command, a control character, or one beyond ASCII; CommandTimeoutError
   */
  async exec(command: string, options: CommandOptions = {}): Promise<ExecResult> {
    checkCommand(command);
    const { final, lines, ms } = await this.runner.run(command, options);
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
    return this.hub.messages();
  }

  /** All events as they come, each with its `kind`, until the line is closed. What is left unread holds the line back. */
  events(): AsyncIterableIterator<Mn316Event> {
    return this.hub.events();
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

  private followChannel(): void {
    const { channel } = this;
    const recorder = this.options.record && new Recorder(this.options.record, this.clock);
    if (recorder) {
      channel.on("sent", (command) => {
        recorder.sent(command);
      });
      channel.on("received", (chunk) => {
        recorder.received(chunk);
      });
    }
    channel.on("closed", (reason) => {
      recorder?.end();
      this.liveness?.stop();
      this.acknowledgements.failAll(reason);
      this.session.take({ kind: "serial-lost" });
      this.hub.tell("closed", { reason });
      this.hub.end();
    });
  }

  private makeLiveness(): Liveness | undefined {
    const { liveness: settings } = this.options;
    return (
      settings &&
      new Liveness({
        ...{ clock: this.clock, settings },
        isConnected: () => !this.channel.isClosed && this.session.state === "connected",
        queryState: () => this.queryState(),
        sendCanary: (topic) => this.publish(topic, "", { qos: 1 }),
        onCanaryLost: (topic, reason) => {
          this.hub.tell("canary-lost", { topic, reason });
        },
      })
    );
  }

  private opened(): void {
    this.broker.restoreSubscriptions((topic, reason) => {
      this.hub.tell("restore-failed", { topic, reason });
    });
    this.liveness?.watch();
  }

  private restarted(reason: string): void {
    const isNew = this.restarts.isNew(reason);
    const { connection } = this;
    if (!isNew || (connection.isRestarting && reason !== "requested")) return;
    this.acknowledgements.failAll("the module restarted");
    this.session.take({ kind: "restarted" });
    this.hub.tell("module-restart", { reason });
    if (!connection.isRestarting) connection.wake().catch(() => undefined); // echo is on again; the next command tells if it is dead
  }

  /** Reads on as long as something is waited for that only the line can bring. */
  private flow(): void {
    const isFull = this.isPaused || this.hub.isFull;
    this.channel.hold(isFull && this.acknowledgements.isEmpty && this.session.settling.isEmpty);
  }
}
