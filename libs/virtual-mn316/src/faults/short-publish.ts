import type { Fault } from "./fault";

const KEPT = 0.5;

export const shortPublish: Fault = {
  about: "+MQTTPUBLISH stalls short of its announced length, then goes on with CR LF",
  start: () => ({
    onOutput: (bytes) => {
      if (!bytes.includes("+MQTTPUBLISH:")) return bytes;
      const comma = bytes.lastIndexOf(",");
      const kept = comma + 1 + Math.floor((bytes.length - comma - 3) * KEPT);
      return Buffer.concat([bytes.subarray(0, kept), Buffer.from("\r\n")]);
    },
  }),
};
