import type { ModuleState } from "@mn316-fleet/manual";

/** Why a module left its state. */
export type Cause =
  | "requested"
  | "connect-refused"
  | "connect-timeout"
  | "heartbeat-lost"
  | "publish-timeout"
  | "subscribe-timeout"
  | "unsubscribe-timeout"
  | "gave-up"
  | "module-restart"
  | "serial-lost"
  | "unknown";

/** What the session learns, from URCs, from answers, and from its own commands. */
export type SessionInput =
  | { kind: "configured" }
  | { kind: "deleted" }
  /** Our MQTTOPEN is on its way, then taken by the module, or refused by it. */
  | { kind: "opening" }
  | { kind: "open-accepted" }
  | { kind: "open-refused" }
  | { kind: "closing" }
  | { kind: "close-refused" }
  | { kind: "opened"; isSuccess: boolean }
  | { kind: "closed" }
  | { kind: "timeout"; type: number }
  | { kind: "reconnect" }
  /** The broker answered something: whatever timed out before did not cost the connection. */
  | { kind: "answered" }
  | { kind: "restarted" }
  | { kind: "serial-lost" }
  | { kind: "stat"; state: ModuleState };

export interface SessionState {
  state: ModuleState | "unknown";
  /** Why the present trouble began, while there is one. */
  trouble: Cause | undefined;
  /** Our own MQTTOPEN or MQTTDISC is under way. */
  intent: "open" | "close" | undefined;
}

export const INITIAL_SESSION: SessionState = { state: "unknown", trouble: undefined, intent: undefined };

const TROUBLE_BY_TIMEOUT: Record<number, Cause> = {
  1: "connect-timeout",
  2: "publish-timeout",
  3: "subscribe-timeout",
  4: "unsubscribe-timeout",
  5: "heartbeat-lost",
};

/** The next state of a session, and the cause where the module's state changes (§2.3, §3.4). A pure function. */
export function next(session: SessionState, input: SessionInput): SessionState & { cause: Cause | undefined } {
  const to = (state: SessionState["state"], cause: Cause, rest: Partial<SessionState> = {}) => ({
    ...session,
    state,
    cause: state === session.state ? undefined : cause,
    ...rest,
  });
  const stay = (rest: Partial<SessionState> = {}) => ({ ...session, ...rest, cause: undefined });
  const settled = { trouble: undefined, intent: undefined };

  switch (input.kind) {
    case "configured":
      return to("initialized", "requested", settled);
    case "deleted":
      return to("uninitialized", "requested", settled);
    case "opening":
      return stay({ trouble: undefined, intent: "open" });
    case "open-accepted":
      // Its outcome may have come ahead of the OK.
      return session.intent === "open" && !LINKED.has(session.state) ? to("tcp-connecting", "requested") : stay();
    case "open-refused":
    case "close-refused":
      return stay({ intent: undefined });
    case "closing":
      return stay({ intent: "close" });
    case "opened":
      if (!input.isSuccess) {
        const trouble = session.trouble ?? "connect-refused"; // some go on trying by themselves
        return to("disconnected", trouble, { intent: undefined, trouble });
      }
      // After an automatic reconnect nobody requested it: the trouble that began the outage is its cause.
      return to("connected", session.intent === "open" ? "requested" : (session.trouble ?? "unknown"), settled);
    case "closed":
      // Late news of the connection before: our MQTTOPEN has not even been taken.
      if (session.intent === "open" && !LINKED.has(session.state)) return stay();
      return to("disconnected", causeOfClose(session), { intent: undefined });
    case "timeout":
      return stay({ trouble: TROUBLE_BY_TIMEOUT[input.type] ?? session.trouble });
    case "reconnect":
      return to("reconnecting", session.trouble ?? "unknown");
    case "answered":
      return session.state === "connected" ? stay({ trouble: undefined }) : stay();
    case "restarted":
      return to("uninitialized", "module-restart", settled);
    case "serial-lost":
      return to("unknown", "serial-lost", settled);
    case "stat":
      return learnt(session, input.state);
  }
}

/** States in which the module works at a link or has one. */
const LINKED: ReadonlySet<SessionState["state"]> = new Set([
  "tcp-connecting",
  "tcp-connected",
  "awaiting-connack",
  "reconnecting",
  "connected",
]);

/** `+MQTTDISC:OK` answers our MQTTDISC, or says that the module gave up (§3.4). */
function causeOfClose({ intent, trouble, state }: SessionState): Cause {
  if (intent === "close") return "requested";
  if (trouble !== undefined) return trouble;
  if (state === "reconnecting") return "gave-up";
  return intent === "open" ? "connect-refused" : "unknown";
}

/** What a question brought to light. */
function learnt(session: SessionState, state: ModuleState): SessionState & { cause: Cause | undefined } {
  const isOver = state === "disconnected" || state === "initialized";
  // Some firmware reads 1 instead of 2 after a disconnection.
  if (session.state === "disconnected" && state === "initialized") return { ...session, cause: undefined };
  const rest = state === "connected" ? { trouble: undefined, intent: undefined } : isOver ? { intent: undefined } : {};
  return { ...session, state, ...rest, cause: state === session.state ? undefined : causeOfStat(session, state) };
}

/** A state that only a question brought to light: nothing said why, but a lost configuration can only be a restart. */
function causeOfStat(session: SessionState, state: ModuleState): Cause {
  if (state === "uninitialized" && session.state !== "unknown") return "module-restart";
  // A connect that timed out goes on as the module's own reconnecting (§2.2): that is no longer what was asked for.
  if (state === "reconnecting" && session.trouble !== undefined) return session.trouble;
  const isWanted = session.intent === "open" ? LINKED.has(state) : session.intent === "close" && !LINKED.has(state);
  return isWanted ? "requested" : (session.trouble ?? "unknown");
}
