import type { Fault } from "./fault";

const SERVER_UNAVAILABLE = 3;

export const brokerRefuses: Fault = {
  about: "the broker refuses every CONNECT (return code 3, server unavailable)",
  start: ({ network }) => {
    network.refusal = SERVER_UNAVAILABLE;
    return {
      stop: () => {
        network.refusal = undefined;
      },
    };
  },
};
