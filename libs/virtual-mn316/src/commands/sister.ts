import type { Command } from "./command";
import { CommandRefused } from "./errors";

const OPTIONS = { version: 4, pingreq: 60, cached: 0, encoding: 0 };
const NOT_CONNECTED = 3;

/**
 * What is heard of newer firmware of sister modules: `MQTTCFG` sets one option by its name, and the connection has commands
 * of its own. Enough of it for a host to see that this is no MN316.
 */
export const SISTER_COMMANDS: Record<string, Command> = {
  MQTTCFG: {
    read: ({ voice }) => ({
      lines: Object.entries(OPTIONS).map(([name, value]) => voice.field("MQTTCFG", `"${name}",0,${value}`)),
    }),
    set: (args) => {
      if (!Object.hasOwn(OPTIONS, args.text({ maxBytes: 32 }))) throw new CommandRefused("parameter");
      return {};
    },
  },
  MQTTCONN: {
    read: ({ voice }) => ({ lines: [voice.field("MQTTCONN", `0,${NOT_CONNECTED}`)] }),
  },
};
