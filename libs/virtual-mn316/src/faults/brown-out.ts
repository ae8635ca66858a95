import type { ActiveFault, Fault, FaultTarget } from "./fault";

const EVERY_MS = 20_000;

export const brownOut: Fault = {
  about: "the supply gives way: the module restarts every 20 s",
  start: (target) => loop(target),
};

function loop(target: FaultTarget): ActiveFault {
  let cancel: () => void;
  const next = () => {
    cancel = target.timers.after(EVERY_MS, () => {
      target.restart();
      next();
    });
  };
  next();
  return {
    stop: () => {
      cancel();
    },
  };
}
