import type { Fault } from "./fault";

const ONE_IN = 2;

export const tornEcho: Fault = {
  about: "one echo in two is lost half-way, its line end with it",
  start: ({ random }) => ({
    onEcho: (bytes) => (random() * ONE_IN < 1 ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes),
  }),
};
