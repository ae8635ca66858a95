import type { Device } from "@mn316-fleet/contracts";
import type { Texts } from "../texts/en";

/** Troubles after which a module tries to reconnect by itself, so that `disconnected` says that it has stopped trying. */
const RETRIED_BY_MODULE = new Set<Device["module"]["cause"]>([
  "heartbeat-lost",
  "connect-timeout",
  "publish-timeout",
  "subscribe-timeout",
  "unsubscribe-timeout",
]);

/** Why a module is in its state, as a person would tell it; a dash where nothing is known. */
export function causeInWords({ state, cause }: Pick<Device["module"], "state" | "cause">, texts: Texts): string {
  if (cause === null) return "–";
  const words = texts.causes[cause];
  return state === "disconnected" && RETRIED_BY_MODULE.has(cause) ? texts.thenGaveUp(words) : words;
}
