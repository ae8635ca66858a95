import type { Fault } from "./fault";

const ONE_IN = 4;

export const lostAnswer: Fault = {
  about: "one command in four is never answered",
  start: ({ random }) => ({ onCommand: () => random() * ONE_IN < 1 }),
};
