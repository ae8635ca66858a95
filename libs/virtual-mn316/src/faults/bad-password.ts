import type { Fault } from "./fault";

const BAD_USERNAME_OR_PASSWORD = 4;

export const badPassword: Fault = {
  about: "the broker refuses every CONNECT (return code 4, bad user name or password)",
  start: ({ network }) => {
    network.refusal = BAD_USERNAME_OR_PASSWORD;
    return {
      stop: () => {
        network.refusal = undefined;
      },
    };
  },
};
