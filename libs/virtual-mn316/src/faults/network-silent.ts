import type { Fault } from "./fault";

/** Bytes neither go out nor come in while every socket stays half-open: the silent loss of §3.4. */
export const networkSilent: Fault = {
  about: "the network is silent: sockets stay half-open, new connections hang",
  start: ({ network }) => {
    network.setSilent(true);
    return {
      stop: () => {
        network.setSilent(false);
      },
    };
  },
};
