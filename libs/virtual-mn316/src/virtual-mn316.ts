import { type Clock, memoryPair, systemClock } from "@mn316-fleet/at";
import { LIMITS } from "@mn316-fleet/manual";
import type { Duplex } from "node:stream";
import { type ClientReports, MqttClient, type State } from "./client/mqtt-client";
import { Network } from "./client/network";
import type { CommandContext } from "./commands/command";
import { CommandRefused, errorLine, type Refusal } from "./commands/errors";
import { runCommand } from "./commands/run";
import type { Dialect } from "./dialects/dialect";
import { dialectOf, type DialectName } from "./dialects/registry";
import { ActiveFaults } from "./faults/active-faults";
import type { FaultTarget } from "./faults/fault";
import type { FaultName } from "./faults/registry";
import { DEFAULT_IDENTITY, type Identity } from "./identity";
import { seededRandom } from "./random";
import { CommandLines } from "./serial/command-lines";
import { SerialSide } from "./serial/serial-side";
import { Sleep } from "./serial/sleep";
import { Voice } from "./serial/voice";
import { Timers } from "./timers";

export interface VirtualMn316Options {
  /**
   * `mqtt://host:port` of the broker that stands for every remote host. A configured host that is this machine itself
   * (`localhost`, `127.x.x.x`, `::1`) is dialled as it stands. Without it, every configured host is.
   */
  broker?: string;
  /** `broker` stands for this machine as well: whatever the module is told, it dials nothing else. */
  isSealed?: boolean;
  imei?: string;
  identity?: Partial<Omit<Identity, "imei">>;
  /** Where this firmware departs from the manual. */
  dialects?: readonly DialectName[];
  /** Faults that are on from the start. */
  faults?: readonly FaultName[];
  /** How many times faster than the manual's the module's timers run; 1 unless given. */
  timeScale?: number;
  /** Before each of the three reconnect attempts, in ms of the module's time; 4, 8 and 16 s unless given. */
  reconnectDelaysMs?: readonly number[];
  /** From a restart to the boot lines, in ms of the module's time; 3 s unless given. */
  bootMs?: number;
  /** Of everything that happens by chance; 1 unless given. */
  seed?: number;
  /** How many command lines `commands` keeps; 1,000 unless given. */
  keptCommands?: number;
  clock?: Clock;
}

const RECONNECT_DELAYS_MS = [4_000, 8_000, 16_000];
const BOOT_MS = 3_000;
const KEPT_COMMANDS = 1_000;
const CR = Buffer.from("\r");
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/**
 * The module's side of the MN316's serial line: every command and URC of the manual, with an MQTT 3.1.1 client of its
 * own that connects to a real broker.
 */
export class VirtualMn316 {
  readonly imei: string;
  private readonly received: string[] = [];
  private readonly network: Network;
  private readonly timers: Timers;
  private readonly dialect: Dialect;
  private readonly voice: Voice;
  private readonly client: MqttClient;
  private readonly serial: SerialSide;
  private readonly lines: CommandLines;
  private readonly faults = new ActiveFaults();
  private readonly context: CommandContext;
  private readonly target: FaultTarget;
  private readonly bootMs: number;
  private readonly keptCommands: number;
  private hostEnd: Duplex | undefined;
  private isBooting = false;
  private cancelBoot: (() => void) | undefined;
  private lastInputAt = 0;
  private readonly clock: Clock;
  /** Of the line, which knows no time scale; there only where the line is slow. */
  private readonly lineTimers: Timers | undefined;
  private readonly sleep: Sleep | undefined;
  private isDestroyed = false;

  constructor(options: VirtualMn316Options = {}) {
    const { broker, imei = DEFAULT_IDENTITY.imei, dialects = [], faults = [], timeScale = 1, seed = 1 } = options;
    this.imei = imei;
    this.bootMs = options.bootMs ?? BOOT_MS;
    this.keptCommands = options.keptCommands ?? KEPT_COMMANDS;
    this.clock = options.clock ?? systemClock;
    this.timers = new Timers(timeScale, this.clock);
    this.network = new Network(broker === undefined ? undefined : brokerAddress(broker), options.isSealed);
    this.dialect = dialectOf(dialects);
    this.voice = new Voice(this.dialect);
    this.client = new MqttClient({
      timers: this.timers,
      network: this.network,
      dialect: this.dialect,
      reports: this.reports(),
      reconnectDelaysMs: options.reconnectDelaysMs ?? RECONNECT_DELAYS_MS,
      isLost: (packet) => this.faults.isPacketLost(packet),
    });
    const { bitsPerSecond, sleepsAfterMs } = this.dialect;
    this.lineTimers = bitsPerSecond === undefined ? undefined : new Timers(1, this.clock);
    this.serial = new SerialSide(
      (chunk) => {
        this.receive(chunk);
      },
      this.lineTimers && bitsPerSecond !== undefined ? { bitsPerSecond, timers: this.lineTimers } : undefined,
    );
    if (sleepsAfterMs !== undefined)
      this.sleep = new Sleep(sleepsAfterMs, this.timers, (line) => {
        this.say(this.voice.urc(line));
      });
    this.lines = new CommandLines(LIMITS.commandLineBytes, (line, isTooLong) => {
      this.obey(line, isTooLong);
    });
    const random = seededRandom(seed);
    const restart = () => {
      this.restart();
    };
    this.context = {
      client: this.client,
      dialect: this.dialect,
      voice: this.voice,
      identity: { ...DEFAULT_IDENTITY, ...options.identity, imei },
      random,
      isEchoOn: true,
      errorMode: 0,
      registrationReports: 0,
      restart,
    };
    this.target = {
      network: this.network,
      timers: this.timers,
      random,
      restart,
      echoOn: () => {
        this.context.isEchoOn = true;
      },
      write: (bytes) => {
        this.serial.write(bytes);
      },
      refuse: (refusal) => {
        this.refuse(refusal);
      },
    };
    for (const name of faults) this.fault(name);
  }

  /** What a host opens: the other end of the serial line. A closed one is replaced by a new one. */
  get stream(): Duplex {
    if (!this.hostEnd || this.hostEnd.destroyed) {
      const [hostEnd, moduleEnd] = memoryPair();
      this.hostEnd = hostEnd;
      this.attach(moduleEnd);
    }
    return this.hostEnd;
  }

  /** Connects the module to another line: a pseudo-terminal, a TCP socket. The line before it is left. */
  attach(stream: Duplex): void {
    this.serial.attach(stream);
  }

  /** The command lines received, the oldest first. */
  get commands(): readonly string[] {
    return this.received;
  }

  /** `<stat>` of §2.3. */
  get state(): State {
    return this.client.state;
  }

  /** The faults that are switched on. */
  get activeFaults(): readonly FaultName[] {
    return this.faults.names;
  }

  /** Switches a fault on, or off. */
  fault(name: FaultName, isOn = true): void {
    this.faults.set(name, isOn, this.target);
  }

  /** Restarts: the connection breaks without a word, the configuration is lost, the boot lines come (§3.4). */
  restart(): void {
    this.client.delete();
    this.lines.clear();
    this.context.isEchoOn = true;
    this.context.errorMode = 0;
    this.context.registrationReports = 0;
    const { before, after } = this.dialect.bootLines;
    for (const line of before) this.say(this.voice.urc(line));
    this.isBooting = true;
    this.cancelBoot?.();
    this.cancelBoot = this.timers.after(this.bootMs, () => {
      this.isBooting = false;
      this.say(this.voice.answer(after));
    });
  }

  /** Takes the module away: sockets, timers and the line end. */
  destroy(): void {
    this.isDestroyed = true;
    this.client.delete();
    this.network.destroy();
    this.timers.cancelAll();
    this.lineTimers?.cancelAll();
    this.serial.destroy();
  }

  private receive(chunk: Buffer): void {
    let bytes = this.faults.input(chunk);
    if (this.isBooting || this.isDestroyed) return; // deaf while it boots
    if (this.sleep) bytes = this.sleep.wake(bytes);
    const now = this.clock.now();
    if (this.lines.isPartial && now - this.lastInputAt > (this.dialect.longestPauseMs ?? Infinity)) this.lines.clear();
    this.lastInputAt = now;
    if (this.context.isEchoOn && this.dialect.isRefusedInputEchoed) this.echo(bytes);
    this.lines.push(bytes);
  }

  private echo(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const { echoEnd } = this.dialect;
    const end = { "as sent": undefined, CR: "\r", "CR LF": "\r\n" }[echoEnd];
    const echo = end === undefined ? bytes : Buffer.from(bytes.toString("latin1").replace(/\r\n?/g, end), "latin1");
    this.say(this.faults.echo(echo));
  }

  private obey(line: Buffer, isTooLong: boolean): void {
    this.received.push(line.toString("utf8"));
    if (this.received.length > this.keptCommands) this.received.shift();
    const text = line.toString("latin1");
    if (this.faults.isCommandHandled(text)) return;
    try {
      if (isTooLong) throw new CommandRefused("too-long");
      if (this.dialect.isAsciiOnly && !PRINTABLE_ASCII.test(text)) throw new CommandRefused("input");
      const isEchoDue = this.context.isEchoOn && !this.dialect.isRefusedInputEchoed;
      const { lines = [], then } = runCommand(text, this.context);
      if (isEchoDue) this.echo(Buffer.concat([line, CR]));
      if (this.dialect.isUrcBeforeOk) then?.();
      this.say(this.voice.answer([...lines, "OK"]));
      if (!this.dialect.isUrcBeforeOk) then?.();
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error;
      this.refuse(error.refusal);
    }
  }

  private refuse(refusal: Refusal): void {
    this.say(this.voice.answer([errorLine(refusal, this.context.errorMode, this.dialect)]));
  }

  private say(bytes: Buffer): void {
    const left = this.faults.output(bytes);
    if (left) this.serial.write(left);
  }

  /** The URCs of §2.11 and §3.4. */
  private reports(): ClientReports {
    const urc = (name: string, value: string | number) => {
      this.say(this.voice.urc(this.voice.field(name, String(value))));
    };
    return {
      opened: (result) => {
        urc("MQTTOPEN", result);
      },
      disconnected: () => {
        urc("MQTTDISC", "OK");
      },
      reconnecting: (attempt) => {
        urc("MQTTREC", attempt);
      },
      timeout: (type) => {
        urc("MQTTTO", type);
      },
      pingResponse: () => {
        urc(this.dialect.pingResponse, "OK");
      },
      subAck: (packId, code, topic) => {
        urc("MQTTSUBACK", `${packId},${code},${topic}`);
      },
      unsubAck: (packId, topic) => {
        urc("MQTTUNSUBACK", `${packId},${topic}`);
      },
      pubAck: (name, packId, dup) => {
        urc(`MQTT${name}`, this.dialect.ackFields === "packId,dup" ? `${packId},${dup}` : `${dup},${packId}`);
      },
      message: (packet) => {
        this.say(this.voice.publish(packet));
      },
      gaveUp: () => {
        if (this.dialect.reportsGivingUp) this.say(this.voice.urc("+CME ERROR: 615"));
      },
    };
  }
}

function brokerAddress(url: string): { host: string; port: number } {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== "mqtt:") throw new RangeError(`broker is "${url}": expected mqtt://host:port`);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 1883) };
}
