import type { CommandAnswer, Frame } from "@mn316-fleet/at";
import { isTimeoutType, type ModuleState, moduleState, TIMEOUT_TYPES } from "@mn316-fleet/manual";
import { decodeFrame } from "../decode/decoder";
import type { PublishHeader } from "../decode/publish-head";
import type { UrcUnit } from "../decode/units";
import type { Acknowledgements } from "./acknowledgements";
import { stateOf } from "./answers";
import type { EventHub } from "./event-hub";
import type { Session } from "./session";
import { inputOfUrc } from "./session-input";
import type { Subscriptions } from "./subscriptions";
import { foreignDialect, isBootLine } from "./unsolicited";

export interface UrcListenerOptions {
  session: Session;
  acknowledgements: Acknowledgements;
  subscriptions: Subscriptions;
  hub: EventHub;
  /** The module says that it is connected, asked for or not. */
  onOpened: () => void;
  /** Our connect got no CONNACK in the module's time. */
  onConnectLate: () => void;
  /** A sign of a restart was seen: a boot line, or a state that only a restart explains. */
  onRestartSign: (reason: string) => void;
}

/** Hears what the module says by itself, and what its answers tell beside the answer. */
export class UrcListener {
  constructor(private readonly options: UrcListenerOptions) {}

  /** Something unsolicited came in. */
  hear(frame: Frame<PublishHeader>): void {
    const { hub, session } = this.options;
    if (frame.kind === "payload") {
      const { topic, qos, retained, dup, packId } = frame.header;
      session.take({ kind: "answered" });
      hub.tell("message", { topic, qos, retained: retained === 1, dup: dup === 1, packId, payload: frame.payload });
      return;
    }
    if (frame.kind === "truncated") {
      const { topic, msgLen } = frame.header;
      hub.tell("truncated", { topic, msgLen, payload: frame.payload });
      return;
    }
    const { line } = frame;
    const unit = decodeFrame(frame);
    const dialect = foreignDialect(line);
    const state = unit.unit === "response" && unit.name === "MQTTSTAT" ? moduleState(unit.stat) : undefined;
    if (unit.unit === "urc") this.hearUrc(unit);
    else if (state) this.hearState(state);
    else if (isBootLine(line)) this.options.onRestartSign(line);
    else if (dialect !== undefined) hub.tell("foreign-dialect", { dialect, line });
    else if (unit.unit !== "echo") hub.tell("urc", { line });
  }

  /** An answer came in: whoever asked, it may hold the module's state. */
  hearAnswer({ lines }: CommandAnswer): void {
    const state = stateOf(lines);
    if (state) this.hearState(state);
  }

  private hearState(state: ModuleState): void {
    const { session, onRestartSign } = this.options;
    const isLoss = session.state !== "uninitialized" && session.state !== "unknown";
    if (state === "uninitialized" && isLoss) onRestartSign("+MQTTSTAT:0");
    else session.take({ kind: "stat", state });
  }

  private hearUrc(unit: UrcUnit): void {
    const { session, acknowledgements, subscriptions, hub } = this.options;
    const wasOpening = session.intent === "open";
    if (unit.name === "MQTTDISC") acknowledgements.failAll("disconnected");
    session.take(inputOfUrc(unit));
    switch (unit.name) {
      case "MQTTOPEN":
        if (unit.result === "OK") {
          acknowledgements.failAll("the connection was made anew");
          this.options.onOpened();
        }
        break;
      case "MQTTTO":
        this.timedOut(unit.type, wasOpening);
        break;
      case "MQTTREC":
        hub.tell("reconnect", { attempt: unit.attempt });
        break;
      case "MQTTPINGRESP":
        hub.tell("ping");
        break;
      case "MQTTSUBACK":
        subscriptions.acknowledged(unit.topic, unit.code);
        acknowledgements.answered("subscribe", unit.topic, unit.packId, unit.code);
        hub.tell("suback", { packId: unit.packId, code: unit.code, topic: unit.topic });
        break;
      case "MQTTUNSUBACK":
        acknowledgements.answered("unsubscribe", unit.topic, unit.packId, 0);
        hub.tell("unsuback", { packId: unit.packId, topic: unit.topic });
        break;
      case "MQTTPUBREC":
      case "MQTTPUBREL":
        hub.tell("publish-step", { step: unit.name === "MQTTPUBREC" ? "PUBREC" : "PUBREL", packId: unit.packId });
        break;
      case "MQTTPUBACK":
      case "MQTTPUBCOMP":
        acknowledgements.published(unit.name === "MQTTPUBACK" ? 1 : 2, unit.packId);
        hub.tell("publish-ack", { packId: unit.packId, dup: unit.dup });
        break;
    }
  }

  private timedOut(type: number, wasOpening: boolean): void {
    if (!isTimeoutType(type)) return;
    const name = TIMEOUT_TYPES[type];
    if (name === "publish" || name === "subscribe" || name === "unsubscribe")
      this.options.acknowledgements.timedOut(name);
    if (name === "connect" && wasOpening) this.options.onConnectLate();
    this.options.hub.tell("timeout", { type });
  }
}
