import type { Fault } from "./fault";

const DELAY_MS = 3_000;

export const networkSlow: Fault = {
  about: "every packet from the broker is 3 s late",
  start: ({ network }) => {
    network.delayMs = DELAY_MS;
    return {
      stop: () => {
        network.delayMs = 0;
      },
    };
  },
};
