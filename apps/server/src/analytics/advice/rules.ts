import type { AdviceChange, AdviceKind } from "@mn316-fleet/contracts";
import { LIMITS } from "@mn316-fleet/manual";
import { noticingS } from "@mn316-fleet/mn316/timer-model";
import type { Evidence } from "./evidence.store";
import { MANY, SOME } from "./thresholds";

type Parameters = Record<string, number>;

/** What a rule finds in the evidence. */
export interface Finding {
  kind: AdviceKind;
  severity: "warning" | "hint";
  parameters: Parameters;
  /** Names of the evidence's counts that it rests on. */
  figures: (keyof Evidence)[];
  /** How many events are behind it. */
  weight: number;
  effect: { code: string; parameters: Parameters };
  change: AdviceChange | null;
}

type Rule = (evidence: Evidence) => Finding | undefined;

/** A day's worth of pings at a keepAlive. */
const pingsADay = (keepAliveS: number) => Math.round(86_400 / keepAliveS);
/** 27.007 §8.5 ends at −113 dBm; below this, a module repeats much of what it sends. */
const WEAK_DBM = -105;
const GOOD_DBM = -95;
const USUAL_KEEP_ALIVE_S = LIMITS.keepAliveS.default;
const LONGEST_ACK_TIMEOUT_S = 60;

/** §2.1, note, and §2.9: the acknowledgement of a ping must be overdue before the next ping. */
const ackTimeoutNotBelowKeepAlive: Rule = ({ keepAliveS, ackTimeoutS }) => {
  if (ackTimeoutS < keepAliveS || keepAliveS < 2) return undefined;
  const proposedS = Math.min(LIMITS.ackTimeoutS.default, Math.floor(keepAliveS / 2));
  return {
    kind: "ack-timeout-not-below-keep-alive",
    severity: "warning",
    parameters: { keepAliveS, ackTimeoutS },
    figures: [],
    weight: Infinity,
    effect: {
      code: "losses-are-noticed",
      parameters: { proposedS, mostS: noticingS({ keepAliveS, ackTimeoutS: proposedS })?.most ?? 0 },
    },
    change: { mqtt: { ackTimeoutS: proposedS } },
  };
};

/** Heart-beats whose loss did not end a connection: three in a row would have (§3.4), so their answers came, only late. */
const acknowledgementsLate: Rule = ({ pingTimeouts, heartbeatLosses, keepAliveS, ackTimeoutS }) => {
  const inPassing = pingTimeouts - LIMITS.heartbeatLosses * heartbeatLosses;
  const proposedS = longer(ackTimeoutS, keepAliveS);
  if (inPassing < MANY || proposedS === undefined) return undefined;
  return {
    kind: "acknowledgements-late",
    severity: "hint",
    parameters: { inPassing, pingTimeouts, heartbeatLosses, ackTimeoutS },
    figures: ["pingTimeouts", "heartbeatLosses"],
    weight: inPassing,
    effect: { code: "late-answers-count", parameters: { proposedS, laterS: proposedS - ackTimeoutS } },
    change: { mqtt: { ackTimeoutS: proposedS } },
  };
};

const lossesNoticedLate: Rule = ({ heartbeatLosses, keepAliveS, ackTimeoutS }) => {
  const now = noticingS({ keepAliveS, ackTimeoutS });
  const proposedS = Math.max(USUAL_KEEP_ALIVE_S, 2 * ackTimeoutS);
  const then = noticingS({ keepAliveS: proposedS, ackTimeoutS });
  if (heartbeatLosses < 2 || proposedS >= keepAliveS || !now || !then) return undefined;
  return {
    kind: "losses-noticed-late",
    severity: "hint",
    parameters: { heartbeatLosses, keepAliveS, meanS: now.mean, mostS: now.most },
    figures: ["heartbeatLosses"],
    weight: heartbeatLosses,
    effect: {
      code: "noticed-sooner",
      parameters: {
        proposedS,
        meanS: then.mean,
        savedS: heartbeatLosses * (now.mean - then.mean),
        pingsADay: pingsADay(keepAliveS),
        pingsADayThen: pingsADay(proposedS),
      },
    },
    change: { mqtt: { keepAliveS: proposedS } },
  };
};

const pingsWithoutNeed: Rule = ({ pingTimeouts, heartbeatLosses, connectedDays, keepAliveS, ackTimeoutS }) => {
  const then = noticingS({ keepAliveS: USUAL_KEEP_ALIVE_S, ackTimeoutS });
  if (keepAliveS >= USUAL_KEEP_ALIVE_S || pingTimeouts > 0 || heartbeatLosses > 0 || connectedDays < MANY || !then)
    return undefined;
  return {
    kind: "pings-without-need",
    severity: "hint",
    parameters: { keepAliveS, connectedDays, pingsADay: pingsADay(keepAliveS) },
    figures: ["pingTimeouts", "heartbeatLosses"],
    weight: 0,
    effect: {
      code: "fewer-pings",
      parameters: { proposedS: USUAL_KEEP_ALIVE_S, pingsADayThen: pingsADay(USUAL_KEEP_ALIVE_S), mostS: then.most },
    },
    change: { mqtt: { keepAliveS: USUAL_KEEP_ALIVE_S } },
  };
};

/** An attempt to connect holds out for the acknowledgement timeout, too; in poor coverage that may be too short. */
const connectTimeoutsWeakSignal: Rule = ({ connectTimeouts, meanDbm, keepAliveS, ackTimeoutS }) => {
  if (connectTimeouts < SOME || meanDbm === null || meanDbm > WEAK_DBM) return undefined;
  const proposedS = longer(ackTimeoutS, keepAliveS);
  return {
    kind: "connect-timeouts-weak-signal",
    severity: "warning",
    parameters: { connectTimeouts, meanDbm: Math.round(meanDbm), ackTimeoutS },
    figures: ["connectTimeouts", "meanDbm"],
    weight: connectTimeouts,
    effect: {
      code: proposedS === undefined ? "look-at-the-antenna" : "slow-connects-succeed",
      parameters: { ...(proposedS !== undefined && { proposedS }) },
    },
    change: proposedS === undefined ? null : { mqtt: { ackTimeoutS: proposedS } },
  };
};

const connectTimeoutsGoodSignal: Rule = ({ connectTimeouts, meanDbm }) =>
  connectTimeouts < SOME || meanDbm === null || meanDbm < GOOD_DBM
    ? undefined
    : {
        kind: "connect-timeouts-good-signal",
        severity: "warning",
        parameters: { connectTimeouts, meanDbm: Math.round(meanDbm) },
        figures: ["connectTimeouts", "meanDbm"],
        weight: connectTimeouts,
        effect: { code: "look-at-the-broker", parameters: {} },
        change: null,
      };

const publishTimeouts: Rule = ({ publishTimeouts: count, keepAliveS, ackTimeoutS }) => {
  const proposedS = longer(ackTimeoutS, keepAliveS);
  if (count < MANY || proposedS === undefined) return undefined;
  return {
    kind: "publish-timeouts",
    severity: "warning",
    parameters: { publishTimeouts: count, ackTimeoutS },
    figures: ["publishTimeouts"],
    weight: count,
    effect: { code: "late-answers-count", parameters: { proposedS, laterS: proposedS - ackTimeoutS } },
    change: { mqtt: { ackTimeoutS: proposedS } },
  };
};

/** Opened again at once, and lost again at once: more patience costs nothing and spares energy and the network. */
const reopenedInVain: Rule = ({ shortConnections, reopenAfterS, backoff }) => {
  const proposedS = Math.min(3_600, 2 * reopenAfterS);
  if (shortConnections < SOME || proposedS <= reopenAfterS) return undefined;
  return {
    kind: "reopened-in-vain",
    severity: "warning",
    parameters: { shortConnections, reopenAfterS },
    figures: ["shortConnections"],
    weight: shortConnections,
    effect: { code: "fewer-attempts", parameters: { proposedS, backoff: Math.max(2, backoff) } },
    change: { recovery: { reopenAfterS: proposedS, backoff: Math.max(2, backoff) } },
  };
};

const RULES: readonly Rule[] = [
  ackTimeoutNotBelowKeepAlive,
  acknowledgementsLate,
  lossesNoticedLate,
  pingsWithoutNeed,
  connectTimeoutsWeakSignal,
  connectTimeoutsGoodSignal,
  publishTimeouts,
  reopenedInVain,
];

/** All that the rules find in the evidence of one device. */
export function findings(evidence: Evidence): Finding[] {
  return RULES.flatMap((rule) => rule(evidence) ?? []);
}

/** Twice as long, but below keepAlive (§2.9); undefined where that is no longer. */
function longer(ackTimeoutS: number, keepAliveS: number): number | undefined {
  const proposedS = Math.min(2 * ackTimeoutS, keepAliveS - 1, LONGEST_ACK_TIMEOUT_S);
  return proposedS > ackTimeoutS ? proposedS : undefined;
}
