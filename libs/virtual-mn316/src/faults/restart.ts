import type { Fault } from "./fault";

export const restart: Fault = {
  about: "the module restarts once, as after a power cut",
  start: (target) => {
    target.restart();
    return {};
  },
};
