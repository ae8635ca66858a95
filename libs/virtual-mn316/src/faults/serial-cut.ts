import type { Fault } from "./fault";

export const serialCut: Fault = {
  about: "the serial line is cut: nothing passes either way",
  start: () => ({ onInput: () => Buffer.alloc(0), onOutput: () => undefined }),
};
