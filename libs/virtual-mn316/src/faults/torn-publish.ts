import type { Fault } from "./fault";

export const tornPublish: Fault = {
  about: "another URC is printed in the middle of a +MQTTPUBLISH",
  start: () => ({
    onOutput: (bytes) => {
      if (!bytes.includes("+MQTTPUBLISH:")) return bytes;
      const middle = Math.floor((bytes.lastIndexOf(",") + bytes.length) / 2);
      return Buffer.concat([bytes.subarray(0, middle), Buffer.from("\r\n+NPSMR:0\r\n"), bytes.subarray(middle)]);
    },
  }),
};
