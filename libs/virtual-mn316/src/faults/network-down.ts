import type { Fault } from "./fault";

export const networkDown: Fault = {
  about: "the network is down: connections break at once, new ones are refused",
  start: ({ network }) => {
    network.setDown(true);
    return {
      stop: () => {
        network.setDown(false);
      },
    };
  },
};
