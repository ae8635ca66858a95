import { LIMITS, type TimeoutType } from "@mn316-fleet/manual";
import type { IConnectPacket, IPublishPacket, Packet, QoS } from "mqtt-packet";
import type { Dialect } from "../dialects/dialect";
import type { Timers } from "../timers";
import { BrokerLink } from "./broker-link";
import { HeartBeat } from "./heart-beat";
import type { Network } from "./network";
import { PendingAcks } from "./pending-acks";
import type { ClientSettings, OpenOptions } from "./settings";

/** `<stat>` of §2.3. */
export const STATE = {
  uninitialized: 0,
  initialized: 1,
  disconnected: 2,
  awaitingConnack: 3,
  reconnecting: 4,
  connected: 5,
  tcpConnecting: 6,
  tcpConnected: 7,
} as const;

export type State = (typeof STATE)[keyof typeof STATE];

/** What the client reports to its host, as URCs. */
export interface ClientReports {
  opened(result: "OK" | "FAIL"): void;
  disconnected(): void;
  reconnecting(attempt: number): void;
  timeout(type: TimeoutType): void;
  pingResponse(): void;
  subAck(packId: number, code: number, topic: string): void;
  unsubAck(packId: number, topic: string): void;
  pubAck(name: "PUBACK" | "PUBREC" | "PUBREL" | "PUBCOMP", packId: number, dup: number): void;
  message(packet: IPublishPacket): void;
  gaveUp(): void;
}

export interface ClientContext {
  timers: Timers;
  network: Network;
  dialect: Dialect;
  reports: ClientReports;
  /** Delays before the three reconnect attempts, in ms of the module's time. */
  reconnectDelaysMs: readonly number[];
  /** Asked for every packet from the broker: true means that a fault has swallowed it. */
  isLost(packet: Packet): boolean;
}

const SUBSCRIBE_FAILED = 0x80;
/** CONNACK codes of MQTT 3.1.1 for a bad password and for no authorisation. */
const AUTHENTICATION_CODES = new Set([4, 5]);

/** The MQTT client inside the module (§2, §3.4): one connection, its timers, and its reconnecting. */
export class MqttClient {
  settings: ClientSettings | undefined;
  ackTimeoutS: number = LIMITS.ackTimeoutS.default;
  echoesPings = false;
  readonly subscriptions = new Map<string, number>();

  private current: State = STATE.uninitialized;
  private disconnectedAt = 0;
  private openOptions: OpenOptions | undefined;
  private link: BrokerLink | undefined;
  private heartBeat: HeartBeat | undefined;
  /** The attempt to reconnect that is under way, from 0; undefined while this is none. */
  private attempt: number | undefined;
  private cancelWait: (() => void) | undefined;
  private readonly acks: PendingAcks;
  /** Ids of QoS 2 messages that were passed on and not yet released: a repeat is not passed on again. */
  private readonly received = new Set<number>();

  constructor(private readonly context: ClientContext) {
    this.acks = new PendingAcks(context.timers, (type) => {
      this.onAckTimeout(type);
    });
  }

  get state(): State {
    return this.current;
  }

  /** Since the connection ended, in ms of the module's time. */
  get disconnectedForMs(): number {
    return this.context.timers.now() - this.disconnectedAt;
  }

  /** A new client (§2.1): the ACK timeout and the ping echo are at their defaults again. */
  configure(settings: ClientSettings): void {
    this.delete();
    this.settings = settings;
    this.current = STATE.initialized;
  }

  open(options: OpenOptions): void {
    this.openOptions = options;
    this.attempt = undefined;
    this.current = STATE.tcpConnecting;
    this.connect();
  }

  subscribe(topic: string, qos: QoS): void {
    const messageId = this.acks.add({ kind: "subscribe", topic, qos, dup: 0 }, this.ackTimeoutMs);
    this.send({ cmd: "subscribe", messageId, subscriptions: [{ topic, qos }] });
  }

  unsubscribe(topic: string): void {
    const messageId = this.acks.add({ kind: "unsubscribe", topic, qos: 0, dup: 0 }, this.ackTimeoutMs);
    this.send({ cmd: "unsubscribe", messageId, unsubscriptions: [topic] });
  }

  publish(topic: string, payload: Buffer, { qos, retain, dup }: { qos: QoS; retain: boolean; dup: boolean }): void {
    const packet: Packet = { cmd: "publish", topic, payload, qos, retain, dup: dup && qos > 0 };
    if (qos > 0) packet.messageId = this.acks.add({ kind: "publish", topic, qos, dup: dup ? 1 : 0 }, this.ackTimeoutMs);
    this.send(packet);
  }

  /** Leaves the broker in order (§2.7); the host hears it as +MQTTDISC:OK. */
  disconnect(): void {
    const { link, current } = this;
    this.link = undefined;
    if (current === STATE.connected) link?.finish();
    else link?.drop();
    const { timers, dialect } = this.context;
    if (dialect.disconnectDelayMs === 0) {
      this.becomeDisconnected();
      return;
    }
    this.stopTimers();
    this.cancelWait = timers.after(dialect.disconnectDelayMs, () => {
      this.becomeDisconnected();
    });
  }

  /** Forgets everything (§2.8, and what a restart does); a connection breaks without a word. */
  delete(): void {
    this.link?.drop();
    this.link = undefined;
    this.stopTimers();
    this.acks.restart();
    this.subscriptions.clear();
    this.received.clear();
    this.settings = undefined;
    this.openOptions = undefined;
    this.attempt = undefined;
    this.ackTimeoutS = LIMITS.ackTimeoutS.default;
    this.echoesPings = false;
    this.current = STATE.uninitialized;
  }

  private get ackTimeoutMs(): number {
    return this.ackTimeoutS * 1_000;
  }

  private connect(): void {
    const { settings, openOptions } = this;
    if (!settings || !openOptions) return;
    const isFirst = this.attempt === undefined;
    this.link = new BrokerLink({ host: settings.host, port: settings.port }, this.context.network, {
      connected: () => {
        if (isFirst) this.current = STATE.tcpConnected;
        this.link?.send(connectPacket(settings, openOptions));
        if (isFirst) this.current = STATE.awaitingConnack;
      },
      packet: (packet) => {
        this.arrive(packet);
      },
      closed: () => {
        this.link = undefined;
        if (this.current === STATE.connected) this.startReconnecting();
        else this.onConnectFailed({ isTcp: true, isAuthentication: false });
      },
    });
    this.cancelWait = this.context.timers.after(this.ackTimeoutMs, () => {
      this.link?.drop();
      this.link = undefined;
      if (isFirst) {
        this.context.reports.timeout(1);
        this.startReconnecting();
      } else this.onConnectFailed({ isTcp: false, isAuthentication: false });
    });
  }

  private onConnectFailed({ isTcp, isAuthentication }: { isTcp: boolean; isAuthentication: boolean }): void {
    this.cancelWait?.();
    const { reports, dialect } = this.context;
    if (this.attempt === undefined) {
      reports.opened("FAIL");
      if (isAuthentication) this.current = STATE.disconnected;
      else if (dialect.isFailureFinal) this.becomeDisconnected();
      else this.startReconnecting();
      return;
    }
    const isLast = this.attempt + 1 >= LIMITS.reconnectAttempts;
    if (isLast || isAuthentication || (isTcp && dialect.givesUpAtTcpFailure)) {
      this.becomeDisconnected();
      reports.gaveUp();
    } else this.scheduleAttempt(this.attempt + 1);
  }

  private startReconnecting(): void {
    this.link?.drop();
    this.link = undefined;
    this.stopTimers();
    this.acks.clear();
    this.current = STATE.reconnecting;
    this.scheduleAttempt(0);
  }

  private scheduleAttempt(attempt: number): void {
    this.attempt = attempt;
    const delays = this.context.reconnectDelaysMs;
    this.cancelWait = this.context.timers.after(delays[attempt] ?? delays.at(-1) ?? 0, () => {
      this.context.reports.reconnecting(attempt);
      this.connect();
    });
  }

  private becomeDisconnected(): void {
    this.stopTimers();
    this.acks.clear();
    this.attempt = undefined;
    this.current = STATE.disconnected;
    this.disconnectedAt = this.context.timers.now();
    if (this.settings?.cleanSession) this.subscriptions.clear();
    this.context.reports.disconnected();
  }

  private stopTimers(): void {
    this.cancelWait?.();
    this.cancelWait = undefined;
    this.heartBeat?.stop();
    this.heartBeat = undefined;
  }

  private onAckTimeout(type: TimeoutType): void {
    this.context.reports.timeout(type);
    if (this.context.dialect.reconnectsAtAckTimeout) this.startReconnecting();
  }

  private send(packet: Packet): void {
    this.heartBeat?.said();
    this.link?.send(packet);
  }

  private arrive(packet: Packet): void {
    if (this.context.isLost(packet)) return;
    const { network, timers } = this.context;
    const { link } = this;
    if (network.delayMs === 0) this.receive(packet);
    else
      timers.after(network.delayMs, () => {
        if (this.link === link) this.receive(packet);
      });
  }

  private receive(packet: Packet): void {
    this.heartBeat?.heard();
    const { reports } = this.context;
    const id = packet.messageId ?? 0;
    switch (packet.cmd) {
      case "connack":
        this.onConnack(packet.returnCode ?? 0, packet.sessionPresent);
        break;
      case "publish":
        this.onPublish(packet, id);
        break;
      case "puback": {
        const pending = this.acks.take(id, "publish");
        if (pending) reports.pubAck("PUBACK", id, pending.dup);
        break;
      }
      case "pubrec": {
        const pending = this.acks.get(id, "publish");
        if (pending) reports.pubAck("PUBREC", id, pending.dup);
        this.acks.renew(id, this.ackTimeoutMs);
        this.send({ cmd: "pubrel", messageId: id });
        if (pending) reports.pubAck("PUBREL", id, pending.dup);
        break;
      }
      case "pubcomp": {
        const pending = this.acks.take(id, "publish");
        if (pending) reports.pubAck("PUBCOMP", id, pending.dup);
        break;
      }
      case "pubrel":
        this.received.delete(id);
        this.send({ cmd: "pubcomp", messageId: id });
        break;
      case "suback":
        this.onSubAck(id, Number(packet.granted[0]));
        break;
      case "unsuback": {
        const pending = this.acks.take(id, "unsubscribe");
        if (!pending) break;
        this.subscriptions.delete(pending.topic);
        reports.unsubAck(id, pending.topic);
        break;
      }
      case "pingresp":
        this.heartBeat?.answered();
        if (this.echoesPings) reports.pingResponse();
        break;
      default:
        break; // nothing else comes from a broker
    }
  }

  private onConnack(returnCode: number, isSessionPresent: boolean): void {
    if (returnCode !== 0) {
      this.link?.drop();
      this.link = undefined;
      this.onConnectFailed({ isTcp: false, isAuthentication: AUTHENTICATION_CODES.has(returnCode) });
      return;
    }
    this.cancelWait?.();
    this.attempt = undefined;
    this.current = STATE.connected;
    if (!isSessionPresent) {
      this.subscriptions.clear();
      this.received.clear();
    }
    const { timers, dialect, reports } = this.context;
    this.heartBeat = new HeartBeat(timers, {
      keepAliveMs: (this.settings?.keepAliveS ?? LIMITS.keepAliveS.default) * 1_000,
      ackTimeoutMs: () => this.ackTimeoutMs,
      isPostponedByWrites: dialect.isPingPostponedByWrites,
      ping: () => {
        this.send({ cmd: "pingreq" });
      },
      onLoss: () => {
        reports.timeout(5);
      },
      onDead: () => {
        this.startReconnecting();
      },
    });
    reports.opened("OK");
  }

  private onPublish(packet: IPublishPacket, id: number): void {
    const isRepeat = packet.qos === 2 && this.received.has(id);
    if (!isRepeat) this.context.reports.message(packet);
    if (packet.qos === 1) this.send({ cmd: "puback", messageId: id });
    if (packet.qos === 2) {
      this.received.add(id);
      this.send({ cmd: "pubrec", messageId: id });
    }
  }

  private onSubAck(id: number, code: number): void {
    const asked = this.acks.get(id, "subscribe");
    const isPoor = code === SUBSCRIBE_FAILED || code < (asked?.qos ?? 0);
    if (isPoor && this.context.dialect.isPoorSubackSilent) return; // its timer tells
    const pending = this.acks.take(id, "subscribe");
    if (!pending) return;
    if (code !== SUBSCRIBE_FAILED) this.subscriptions.set(pending.topic, code);
    this.context.reports.subAck(id, code, pending.topic);
  }
}

function connectPacket(settings: ClientSettings, { sendsUsername, sendsPassword, will }: OpenOptions): IConnectPacket {
  return {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clientId: settings.clientId,
    clean: settings.cleanSession,
    keepalive: settings.keepAliveS,
    ...(sendsUsername ? { username: settings.username } : {}),
    ...(sendsPassword ? { password: Buffer.from(settings.password) } : {}),
    ...(will ? { will: { topic: will.topic, payload: will.message, qos: will.qos, retain: will.retain } } : {}),
  };
}
