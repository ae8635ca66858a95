import type { Fault } from "./fault";

export const oneByteATime: Fault = {
  about: "the line delivers single bytes",
  start: ({ write }) => ({
    onOutput: (bytes) => {
      for (let at = 0; at < bytes.length; at++) write(bytes.subarray(at, at + 1));
      return undefined;
    },
  }),
};
