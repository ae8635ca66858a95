import type { DeviceQuery } from "@mn316-fleet/contracts";
import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";

/** What the device list is narrowed to; lives in the address, so that it can be kept and sent to others. */
export type Filters = Pick<Partial<DeviceQuery>, "q" | "state" | "online" | "tag">;

const MAX_CHARACTERS = 128;
const TAG = /^[\w.:-]{1,64}$/;
const fleet = getRouteApi("/");

/** Reads filters from an address; what makes no sense is left out. */
export function readFilters(search: Record<string, unknown>): Filters {
  const q = typeof search.q === "string" ? search.q.slice(0, MAX_CHARACTERS) : "";
  const tag = typeof search.tag === "string" && TAG.test(search.tag) ? search.tag : undefined;
  const state = KNOWN_MODULE_STATES.find((known) => known === search.state);
  const online = (["true", "false"] as const).find((known) => known === search.online);
  return { ...(q && { q }), ...(tag && { tag }), ...(state && { state }), ...(online && { online }) };
}

export const isNarrowed = (filters: Filters): boolean => Object.values(filters).some(Boolean);

/** The filters of the address, also when the browser goes back. */
export function useFilters(): [Filters, (change: Filters) => void] {
  const filters = fleet.useSearch();
  const navigate = fleet.useNavigate();
  const change = useCallback(
    (next: Filters) => {
      void navigate({ search: next, replace: true, resetScroll: false });
    },
    [navigate],
  );
  return [filters, change];
}
