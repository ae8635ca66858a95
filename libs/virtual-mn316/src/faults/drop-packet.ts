import type { Packet } from "mqtt-packet";
import type { Fault } from "./fault";

/** Packets of one kind from the broker are lost. */
export const drop = (...commands: Packet["cmd"][]): Fault => ({
  about: `every ${commands.join(" and ").toUpperCase()} from the broker is lost`,
  start: () => ({ onPacket: ({ cmd }) => commands.includes(cmd) }),
});
