import { badPassword } from "./bad-password";
import { brokerRefuses } from "./broker-refuses";
import { brownOut } from "./brown-out";
import { busy } from "./busy";
import { debugLines } from "./debug-lines";
import { dirtyInput } from "./dirty-input";
import { drop } from "./drop-packet";
import { echoReturns } from "./echo-returns";
import type { Fault } from "./fault";
import { lateAnswer } from "./late-answer";
import { lineNoise } from "./line-noise";
import { lostAnswer } from "./lost-answer";
import { lostUrcs } from "./lost-urcs";
import { networkDown } from "./network-down";
import { networkSilent } from "./network-silent";
import { networkSlow } from "./network-slow";
import { oneByteATime } from "./one-byte-a-time";
import { restart } from "./restart";
import { serialCut } from "./serial-cut";
import { shortPublish } from "./short-publish";
import { strayErrors } from "./stray-errors";
import { tornEcho } from "./torn-echo";
import { tornPublish } from "./torn-publish";

/** Everything that can be made to go wrong, by name. */
export const FAULTS = {
  "network-silent": networkSilent,
  "network-down": networkDown,
  "network-slow": networkSlow,
  "broker-refuses": brokerRefuses,
  "bad-password": badPassword,
  "drop-connack": drop("connack"),
  "drop-puback": drop("puback", "pubrec", "pubcomp"),
  "drop-suback": drop("suback"),
  "drop-unsuback": drop("unsuback"),
  "drop-pingresp": drop("pingresp"),
  "serial-cut": serialCut,
  "line-noise": lineNoise,
  "debug-lines": debugLines,
  "one-byte-a-time": oneByteATime,
  "torn-echo": tornEcho,
  "echo-returns": echoReturns,
  "stray-errors": strayErrors,
  "lost-urcs": lostUrcs,
  "short-publish": shortPublish,
  "torn-publish": tornPublish,
  "lost-answer": lostAnswer,
  "late-answer": lateAnswer,
  busy,
  "dirty-input": dirtyInput,
  restart,
  "brown-out": brownOut,
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

/** Type guard for a fault's name. */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}
