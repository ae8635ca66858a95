import type { Device } from "@mn316-fleet/contracts";
import { useQueries } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useClient } from "../client-context";
import { useRefreshMs } from "../live";
import type { Filters } from "./filters";

const REFRESH_MS = 2_000;
const PAGE = 100;
/** Asked for before they are in sight: a page of rows that comes into it all at once would hold up a frame. */
const PAGES_AHEAD = 2;

export interface DevicePages {
  /** Rows that are known to be there, loaded or not. */
  rows: number;
  /** undefined while its page is on its way. */
  deviceAt: (index: number) => Device | undefined;
  /** More rows follow behind those. */
  hasMore: boolean;
  error: Error | null;
  retry: () => void;
}

/**
 * The device list page by page. Only pages in sight are asked for again; those out of sight are let go after a while, so
 * that a list of a hundred thousand costs what is looked at.
 * @param first index of the first row in sight @param last of the last one
 */
export function useDevicePages(filters: Filters, first: number, last: number): DevicePages {
  const client = useClient();
  const refetchInterval = useRefreshMs(REFRESH_MS);
  /** Where each known page begins; the list's end is known once a page has none behind it. */
  const [cursors, setCursors] = useState<readonly (string | undefined)[]>([undefined]);
  const [length, setLength] = useState<number>();
  const from = Math.min(Math.floor(first / PAGE), cursors.length - 1);
  const inSight = Math.floor(last / PAGE) + 1 - from;
  const shown = cursors.slice(from, from + inSight + PAGES_AHEAD);
  const pages = useQueries({
    queries: shown.map((cursor, index) => ({
      queryKey: ["devices", filters, cursor],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        client.devices.list({ ...filters, limit: PAGE, cursor }, { signal }),
      refetchInterval: index < inSight && refetchInterval,
    })),
  });
  const newest = pages.at(-1)?.data;
  const isNewest = from + shown.length === cursors.length;
  useEffect(() => {
    if (!newest || !isNewest) return;
    if (newest.next === null) setLength((cursors.length - 1) * PAGE + newest.items.length);
    else {
      const next = newest.next;
      setLength(undefined);
      setCursors((known) => (known.length === cursors.length ? [...known, next] : known));
    }
  }, [newest, isNewest, cursors.length]);
  const failed = pages.find(({ error }) => error !== null);
  return {
    rows: length ?? Math.max(0, cursors.length - 1) * PAGE,
    deviceAt: (index) => pages[Math.floor(index / PAGE) - from]?.data?.items[index % PAGE],
    hasMore: length === undefined,
    error: failed?.error ?? null,
    retry: () => {
      for (const page of pages) void page.refetch();
    },
  };
}
