import type { StoredEvent } from "@mn316-fleet/contracts";
import { TIMEOUT_TYPES, type TimeoutType } from "@mn316-fleet/manual";
import type { Texts } from "../../texts/en";

/** Readings that come all the time and say little about what happened. */
const ROUTINE: ReadonlySet<string> = new Set(["signal", "ping"]);

/** Whether an event is one of those that come all the time. */
export const isRoutine = ({ kind }: Pick<StoredEvent, "kind">): boolean => ROUTINE.has(kind);

/** An event as a person would tell it; what came later than this page is told by its own name. */
export function inWords(event: StoredEvent, texts: Texts): string {
  const field = (name: string) => {
    const value = event[name];
    return typeof value === "string" ? value : "";
  };
  const { events } = texts;
  switch (event.kind) {
    case "state":
      return events.state(
        wordOf(texts.states, field("from")),
        wordOf(texts.states, field("to")),
        wordOf(texts.causes, field("cause")),
      );
    case "timeout":
      return events.timeout(wordOf(texts.timeouts.names, TIMEOUT_TYPES[Number(event.type) as TimeoutType]));
    case "reconnect":
      return events.reconnect(Number(event.attempt));
    case "suback":
      return events.suback(field("topic"));
    case "signal":
      return events.signal(
        Number(event.rssi) === 99 ? texts.table.noSignal : texts.table.signalOf(2 * Number(event.rssi) - 113),
      );
    case "serial":
      return wordOf(events.serial, field("state"));
    case "agent":
      return wordOf(events.agent, field("state"));
    case "recovery":
      return events.recovery(wordOf(events.recoverySteps, field("step")), field("reason"));
    case "config":
      return events.config(Number(event.version), wordOf(texts.config, field("status")));
    case "execution":
      return events.execution(wordOf(texts.executions, field("status")));
    case "storage":
      return events.storage(field("reason"));
    case "console":
      return events.console(wordOf(events.consoleWords, field("what")), field("text"));
    case "unread":
      return events.unread(field("of"));
    case "urc":
      return events.urc(field("line"));
    case "ping":
    case "publish-ack":
    case "module-restart":
    case "outbox-gap":
      return events[event.kind];
    default:
      return event.kind;
  }
}

/** The word for a value, or the value itself where it came later than this page. */
function wordOf(words: Record<string, unknown>, value: string): string {
  const word = Object.hasOwn(words, value) ? words[value] : undefined;
  return typeof word === "string" ? word : value;
}
