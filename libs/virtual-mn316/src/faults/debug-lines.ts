import type { Fault } from "./fault";

export const debugLines: Fault = {
  about: "a +DBGINFO line ahead of everything the module says",
  start: () => ({ onOutput: (bytes) => Buffer.concat([Buffer.from("\r\n+DBGINFO:sched 0x1f\r\n"), bytes]) }),
};
