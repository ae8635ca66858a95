import { urcName } from "@mn316-fleet/manual";
import type { Fault } from "./fault";

const ONE_IN = 3;
const NAME = /^\s*\+(\w+):/;

export const lostUrcs: Fault = {
  about: "one URC in three is never printed",
  start: ({ random }) => ({
    onOutput: (bytes) => {
      const name = NAME.exec(bytes.toString("latin1", 0, 32))?.[1];
      return name !== undefined && urcName(name) !== undefined && random() * ONE_IN < 1 ? undefined : bytes;
    },
  }),
};
