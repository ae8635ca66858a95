import type { Fault } from "./fault";

export const busy: Fault = {
  about: "every second command is refused as busy (8007)",
  start: ({ refuse }) => {
    let isBusy = false;
    return {
      onCommand: (line) => {
        isBusy = !isBusy;
        if (!isBusy || !line.includes("+")) return false;
        refuse("busy");
        return true;
      },
    };
  },
};
