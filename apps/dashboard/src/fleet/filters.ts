import type { DeviceQuery } from "@mn316-fleet/contracts";
import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { useCallback, useEffect, useState } from "react";

/** What the device list is narrowed to; lives in the address, so that it can be kept and sent to others. */
export type Filters = Pick<Partial<DeviceQuery>, "q" | "state" | "online">;

/** Reads filters from an address; what makes no sense is left out. */
export function readFilters(search: string): Filters {
  const parameters = new URLSearchParams(search);
  const q = parameters.get("q")?.slice(0, 128);
  const state = KNOWN_MODULE_STATES.find((known) => known === parameters.get("state"));
  const online = (["true", "false"] as const).find((known) => known === parameters.get("online"));
  return { ...(q && { q }), ...(state && { state }), ...(online && { online }) };
}

/** Writes filters as the query of an address, empty for none. */
export function writeFilters(filters: Filters): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) if (value) parameters.set(name, value);
  const text = parameters.toString();
  return text && `?${text}`;
}

export const isNarrowed = (filters: Filters): boolean => Object.values(filters).some(Boolean);

/** The filters of the address, also when the browser goes back. */
export function useFilters(): [Filters, (change: Filters) => void] {
  const [filters, setFilters] = useState(() => readFilters(location.search));
  useEffect(() => {
    const onBack = () => {
      setFilters(readFilters(location.search));
    };
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, []);
  const change = useCallback((next: Filters) => {
    history.replaceState(null, "", location.pathname + writeFilters(next));
    setFilters(next);
  }, []);
  return [filters, change];
}
