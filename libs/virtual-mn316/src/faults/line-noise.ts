import type { Fault } from "./fault";

const MAX_BURST_BYTES = 12;
const ONE_IN = 3;

export const lineNoise: Fault = {
  about: "bursts of random bytes (NUL among them) between what the module says",
  start: ({ random }) => ({
    onOutput: (bytes) => {
      if (random() * ONE_IN >= 1) return bytes;
      const burst = Buffer.from(
        Array.from({ length: 1 + Math.floor(random() * MAX_BURST_BYTES) }, () => random() * 256),
      );
      return Buffer.concat([burst, Buffer.from("\r\n"), bytes]);
    },
  }),
};
