import type { Fault } from "./fault";

export const echoReturns: Fault = {
  about: "the echo is on again after every command, whatever the host asked for",
  start: ({ echoOn }) => ({
    onCommand: () => {
      echoOn();
      return false;
    },
  }),
};
