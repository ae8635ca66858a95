import type { LiveEvent } from "@mn316-fleet/contracts";
import { ProblemResponseError } from "@mn316-fleet/client";
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useState } from "react";
import { useClient } from "./client-context";

/** Events of a whole fleet come in crowds: so long they are gathered before what is shown is asked for again. */
const GATHER_MS = 300;
/** While events come, asking is only for what they do not tell (signal strength) and for a stream that hangs. */
const SLOW_REFRESH_MS = 15_000;

const IsLive = createContext(false);

/** How often a question is asked again by itself, in ms. @param withoutLiveMs while no live events come */
export function useRefreshMs(withoutLiveMs: number): number {
  return use(IsLive) ? Math.max(withoutLiveMs, SLOW_REFRESH_MS) : withoutLiveMs;
}

/** Listens to the fleet and has what changed asked for again. */
export function LiveUpdates({ children }: { children: ReactNode }) {
  const client = useClient();
  const queries = useQueryClient();
  const [isLive, setIsLive] = useState(false);
  useEffect(() => {
    const end = new AbortController();
    const gathered = new Map<string, string[]>();
    let timer: number | undefined;
    const refresh = () => {
      timer = undefined;
      for (const queryKey of gathered.values()) void queries.invalidateQueries({ queryKey });
      gathered.clear();
    };
    const listen = async () => {
      for await (const event of client.live({ signal: end.signal, onOpen: setIsLive })) {
        for (const key of staleAfter(event)) gathered.set(key.join(), key);
        timer ??= window.setTimeout(refresh, GATHER_MS);
      }
    };
    // A server that refuses, as an older one does, leaves the page as it is without events: it asks by itself.
    listen().catch((error: unknown) => {
      setIsLive(false);
      if (!(error instanceof ProblemResponseError)) throw error;
    });
    return () => {
      end.abort();
      window.clearTimeout(timer);
    };
  }, [client, queries]);
  return <IsLive value={isLive}>{children}</IsLive>;
}

/** The questions whose answers an event makes old; an empty key stands for all of them. */
export function staleAfter(event: LiveEvent): string[][] {
  switch (event.kind) {
    case "device":
    case "removed":
      return [
        ["counts"],
        ["devices"],
        ["device", event.deviceId],
        ["intervals", event.deviceId],
        ["events", event.deviceId],
      ];
    case "config":
      return [["devices"], ["device", event.deviceId], ["config", event.deviceId]];
    case "execution":
      return [
        ["executions", event.jobId],
        ["executions", event.deviceId],
        ["events", event.deviceId],
      ];
    case "job":
      return [["executions", event.id], ["jobs"]];
    case "alert":
      return [["alerts"]];
    case "reset":
      return [[]];
  }
}
