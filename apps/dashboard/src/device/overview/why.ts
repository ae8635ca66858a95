import type { Device, StoredEvent } from "@mn316-fleet/contracts";
import { TIMEOUT_TYPES, type TimeoutName, type TimeoutType } from "@mn316-fleet/manual";

/** One thing that happened, and how often; counted from the moment the module lost its connection. */
export type Fact =
  | { what: "timeout"; type: TimeoutName; count: number }
  | {
      what: "reconnect" | "refused" | "unanswered" | "gave-up" | "restart" | "serial-lost" | "recovery" | "requested";
      count: number;
    };

/** Why a device is as it is, as far as its latest events tell. */
export interface Story {
  /**
   * `away`: the module has no connection; `recovered`: it has one, and lost it before; `steady`: it has one and nothing is
   * known of a loss; `agent-away`: nobody is there to tell; `never`: it was never seen connected.
   */
  kind: "away" | "recovered" | "steady" | "agent-away" | "never";
  /** When the module lost its connection, and got it again. */
  lostAt?: string;
  backAt?: string;
  /** In the order in which they began. */
  facts: Fact[];
}

/**
 * Tells a device's story from its latest events.
 * @param events the newest first, as the API lists them
 */
export function storyOf({ link, module }: Pick<Device, "link" | "module">, events: readonly StoredEvent[]): Story {
  const states = events.filter(({ kind }) => kind === "state");
  const lost = states.find(({ from, to }) => from === "connected" && to !== "unknown");
  if (!link.online) return { kind: "agent-away", ...(link.since && { lostAt: link.since }), facts: [] };
  if (module.state !== "connected" && !lost)
    return { kind: states.some(({ to }) => to === "connected") ? "away" : "never", facts: factsOf(events) };
  if (!lost) return { kind: "steady", facts: [] };
  const back =
    module.state === "connected"
      ? states.findLast((event) => isLater(event, lost) && event.to === "connected")
      : undefined;
  const during = events.filter((event) => event === lost || (isLater(event, lost) && !(back && isLater(event, back))));
  // What the module reported at the very moment, or just before it said that the connection was gone, belongs to the loss.
  const before = events.filter((event) => leadsTo(event, lost));
  return {
    kind: back ? "recovered" : "away",
    lostAt: lost.at,
    ...(back && { backAt: back.at }),
    facts: factsOf([...during, ...before]),
  };
}

/** A heart-beat is lost three times before the module says so: those minutes before count. */
const LEAD_MS = 15 * 60_000;

function leadsTo(event: StoredEvent, lost: StoredEvent): boolean {
  if (event.kind !== "timeout" && event.kind !== "reconnect") return false;
  return !isLater(event, lost) && Date.parse(lost.at) - Date.parse(event.at) < LEAD_MS;
}

function isLater(event: StoredEvent, than: StoredEvent): boolean {
  return event.epoch > than.epoch || (event.epoch === than.epoch && event.seq > than.seq);
}

/** @param events the newest first */
function factsOf(events: readonly StoredEvent[]): Fact[] {
  const facts = new Map<string, Fact>();
  const add = (fact: Fact) => {
    const key = fact.what === "timeout" ? `timeout/${fact.type}` : fact.what;
    const known = facts.get(key);
    if (known) known.count += 1;
    else facts.set(key, fact);
  };
  for (const event of events.toSorted((a, b) => (isLater(a, b) ? 1 : -1))) for (const fact of factOf(event)) add(fact);
  return [...facts.values()];
}

function* factOf(event: StoredEvent): Iterable<Fact> {
  const once = (what: Exclude<Fact["what"], "timeout">): Fact => ({ what, count: 1 });
  if (event.kind === "timeout")
    yield { what: "timeout", type: TIMEOUT_TYPES[Number(event.type) as TimeoutType], count: 1 };
  if (event.kind === "reconnect") yield once("reconnect");
  if (event.kind === "module-restart") yield once("restart");
  if (event.kind === "serial" && event.state === "lost") yield once("serial-lost");
  if (event.kind === "recovery" && ["reopen", "configure", "restart", "reopen-port"].includes(String(event.step)))
    yield once("recovery");
  if (event.kind !== "state") return;
  if (event.cause === "connect-refused") yield once("refused");
  if (event.cause === "connect-timeout") yield once("unanswered");
  if (event.from === "connected" && event.cause === "requested") yield once("requested");
  if (event.from === "reconnecting" && event.to === "disconnected") yield once("gave-up");
}
