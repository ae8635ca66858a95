import type { Fault } from "./fault";

const ONE_IN = 4;

export const dirtyInput: Fault = {
  about: "one command in four is refused as dirty input (8003)",
  start: ({ random, refuse }) => ({
    onCommand: (line) => {
      if (!line.includes("+") || random() * ONE_IN >= 1) return false;
      refuse("input");
      return true;
    },
  }),
};
