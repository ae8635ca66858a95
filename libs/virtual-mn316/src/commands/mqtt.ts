import { LIMITS } from "@mn316-fleet/manual";
import { STATE, type State } from "../client/mqtt-client";
import type { ClientSettings } from "../client/settings";
import type { Answer, Command, CommandContext } from "./command";
import { CommandRefused } from "./errors";

const OK: Answer = {};
const IDLE: readonly State[] = [STATE.initialized, STATE.disconnected];
const ACTIVE: readonly State[] = [
  STATE.awaitingConnack,
  STATE.reconnecting,
  STATE.connected,
  STATE.tcpConnecting,
  STATE.tcpConnected,
];
/** From then on after a disconnection, `<stat>` is what the dialect says. */
const READS_OTHERWISE_AFTER_MS = 1_000;
const HEX = /^([0-9a-f]{2})+$/i;

function allowIn({ client }: CommandContext, states: readonly State[]): void {
  if (!states.includes(client.state)) throw new CommandRefused("state");
}

/** The commands of the manual's chapter 2, each in the states that allow it. */
export const MQTT_COMMANDS: Record<string, Command> = {
  /** §2.1 */
  MQTTCFG: {
    read: ({ client, dialect, voice }) => {
      const { settings } = client;
      if (!settings) {
        if (dialect.unconfiguredReads === "error") throw new CommandRefused("state");
        return { lines: [voice.field("MQTTCFG", '"(null)",0,"(null)",0,"(null)","(null)",0,0')] };
      }
      const { host, port, clientId, keepAliveS, username, cleanSession, encrypt } = settings;
      const mask = dialect.maskedPassword;
      const values = [host, port, clientId, keepAliveS, username, mask, cleanSession ? 1 : 0, encrypt];
      return { lines: [voice.field("MQTTCFG", values.join(","))] };
    },
    set: (args, context) => {
      const settings = {
        host: args.text({ maxBytes: LIMITS.hostBytes }),
        port: args.number(LIMITS.port.min, LIMITS.port.max),
        clientId: args.text({ maxBytes: LIMITS.clientIdBytes, isEmptyAllowed: true }),
        keepAliveS: args.number(LIMITS.keepAliveS.min, LIMITS.keepAliveS.max),
        username: args.text({ maxBytes: LIMITS.usernameBytes, isEmptyAllowed: true }),
        password: args.text({ maxBytes: LIMITS.passwordBytes, isEmptyAllowed: true }),
        cleanSession: args.flag(),
        encrypt: 0 as const,
      };
      if (args.remaining > 0) args.number(0, 0); // 1 is "not yet supported"
      args.end();
      checkConnectFields(context, settings);
      allowIn(context, context.dialect.needsDeleteToConfigure ? [STATE.uninitialized] : [STATE.uninitialized, ...IDLE]);
      context.client.configure(settings);
      return OK;
    },
  },

  /** §2.2 */
  MQTTOPEN: {
    set: (args, context) => {
      const [sendsUsername, sendsPassword, hasWill, retain] = [args.flag(), args.flag(), args.flag(), args.flag()];
      const qos = args.qos();
      const topic = args.text({ maxBytes: LIMITS.topicBytes, isEmptyAllowed: !hasWill });
      const message = args.bytes();
      args.end();
      // MQTT 3.1.1 §3.1.2.9: a password needs a user name.
      if (sendsPassword && !sendsUsername) throw new CommandRefused("parameter");
      allowIn(context, IDLE);
      const { settings } = context.client;
      if (settings) checkConnectFields(context, settings, topic.length + message.length);
      const will = hasWill ? { will: { topic, message, qos, retain } } : {};
      return {
        then: () => {
          context.client.open({ sendsUsername, sendsPassword, ...will });
        },
      };
    },
  },

  /** §2.3 */
  MQTTSTAT: {
    read: ({ client, dialect, voice }) => {
      const isLongOver = client.state === STATE.disconnected && client.disconnectedForMs >= READS_OTHERWISE_AFTER_MS;
      const stat = isLongOver ? dialect.disconnectedReads : client.state;
      return { lines: [voice.field("MQTTSTAT", String(stat))] };
    },
  },

  /** §2.4 */
  MQTTSUB: {
    read: ({ client, voice }) => ({
      lines: [...client.subscriptions].map(([topic, qos]) => voice.field("MQTTSUB", `${topic},${qos}`)),
    }),
    set: (args, context) => {
      const topic = args.text({ maxBytes: LIMITS.topicBytes });
      const qos = args.qos();
      if (args.remaining > 0) args.number(0, 0); // <index>: only 0
      args.end();
      allowIn(context, [STATE.connected]);
      if (context.dialect.refusesRepeatedSubscribe && context.client.subscriptions.has(topic))
        throw new CommandRefused("already-subscribed");
      return {
        then: () => {
          context.client.subscribe(topic, qos);
        },
      };
    },
  },

  /** §2.5 */
  MQTTPUB: {
    set: (args, context) => {
      const topic = args.text({ maxBytes: LIMITS.topicBytes });
      const [qos, retain, dup] = [args.qos(), args.flag(), args.flag()];
      const hexBytes = args.number(0, LIMITS.commandLineBytes);
      const given = args.bytes();
      args.end();
      const payload = hexBytes === 0 ? given : fromHex(given.toString("latin1"), hexBytes);
      if (context.dialect.hasSmallBuffers && payload.length > LIMITS.publishBytes) throw new CommandRefused("too-long");
      if (/[+#]/.test(topic)) throw new CommandRefused("parameter"); // a filter is no topic (MQTT 3.1.1 §3.3.2.1)
      allowIn(context, [STATE.connected]);
      return {
        then: () => {
          context.client.publish(topic, payload, { qos, retain, dup });
        },
      };
    },
  },

  /** §2.6 */
  MQTTUNSUB: {
    set: (args, context) => {
      const topic = args.text({ maxBytes: LIMITS.topicBytes });
      args.end();
      allowIn(context, [STATE.connected]);
      if (!context.client.subscriptions.has(topic)) throw new CommandRefused("not-subscribed");
      return {
        then: () => {
          context.client.unsubscribe(topic);
        },
      };
    },
  },

  /** §2.7 */
  MQTTDISC: {
    execute: (context) => {
      allowIn(context, ACTIVE);
      return {
        then: () => {
          context.client.disconnect();
        },
      };
    },
  },

  /** §2.8 */
  MQTTDEL: {
    execute: (context) => {
      allowIn(context, IDLE);
      context.client.delete();
      return OK;
    },
  },

  /** §2.9 */
  MQTTTO: {
    set: (args, context) => {
      const timeoutS = args.number(LIMITS.ackTimeoutS.min, LIMITS.ackTimeoutS.max);
      args.end();
      context.client.ackTimeoutS = timeoutS;
      return OK;
    },
  },

  /** §2.10 */
  MQTTPING: {
    set: (args, context) => {
      const echoes = args.flag();
      args.end();
      context.client.echoesPings = echoes;
      return OK;
    },
  },
};

function checkConnectFields(
  { dialect }: CommandContext,
  { clientId, username, password }: ClientSettings,
  willBytes = 0,
): void {
  const bytes = clientId.length + username.length + password.length + willBytes;
  if (dialect.hasSmallBuffers && bytes > LIMITS.connectFieldsBytes) throw new CommandRefused("parameter");
}

function fromHex(text: string, bytes: number): Buffer {
  if (text.length !== bytes * 2 || !HEX.test(text)) throw new CommandRefused("parameter");
  return Buffer.from(text, "hex");
}
