import type { Fault } from "./fault";

const DELAY_MS = 15_000;

export const lateAnswer: Fault = {
  about: "everything the module says comes 15 s late",
  start: ({ timers, write }) => ({
    onOutput: (bytes) => {
      timers.after(DELAY_MS, () => {
        write(bytes);
      });
      return undefined;
    },
  }),
};
