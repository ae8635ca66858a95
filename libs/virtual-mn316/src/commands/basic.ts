import type { Answer, Command, CommandContext } from "./command";

const OK: Answer = {};

/** Signal strength (`<rssi>`, 27.007 §8.5: 0…31) wanders around a value of the module's own, from cellar to mast. */
const LOWEST_RSSI = 9;
const RSSI_VALUES = 18;
const RSSI_SPREAD = 7;
const TRACKING_AREA = "6B1E";
const NB_IOT = 9;

const usualRssi = (imei: string) => LOWEST_RSSI + (Number(imei.slice(-4)) % RSSI_VALUES || 0);
const says = (line: (context: CommandContext) => string): Command => ({
  execute: (context) => ({ lines: [line(context)] }),
});

/** The 3GPP TS 27.007 basics, which the manual does not list. */
export const BASIC_COMMANDS: Record<string, Command> = {
  CGMI: says(({ identity }) => identity.manufacturer),
  CGMM: says(({ identity }) => identity.model),
  CGMR: says(({ identity }) => identity.firmware),
  CGSN: {
    execute: ({ identity }) => ({ lines: [identity.imei] }),
    set: (args, { identity, voice }) => {
      const kind = args.number(0, 1);
      args.end();
      return { lines: [kind === 1 ? voice.field("CGSN", identity.imei) : identity.imei] };
    },
  },
  CMEE: {
    read: ({ errorMode, voice }) => ({ lines: [voice.field("CMEE", String(errorMode))] }),
    set: (args, context) => {
      context.errorMode = args.number(0, 2) as 0 | 1 | 2;
      args.end();
      return OK;
    },
  },
  CSQ: {
    execute: ({ identity, random, voice }) => ({
      lines: [voice.field("CSQ", `${usualRssi(identity.imei) + Math.round((random() - 0.5) * RSSI_SPREAD)},0`)],
    }),
  },
  CEREG: {
    read: ({ identity, registrationReports, voice }) => ({
      lines: [voice.field("CEREG", `${registrationReports},1,"${TRACKING_AREA}","${identity.cellId}",${NB_IOT}`)],
    }),
    set: (args, context) => {
      context.registrationReports = args.number(0, 5);
      args.end();
      return OK;
    },
  },
  CFUN: {
    read: ({ voice }) => ({ lines: [voice.field("CFUN", "1")] }),
    set: (args, context) => {
      const level = args.number(0, 1);
      const restarts = args.remaining > 0 && args.flag();
      args.end();
      return restarts && level === 1
        ? {
            then: () => {
              context.restart();
            },
          }
        : OK;
    },
  },
};
