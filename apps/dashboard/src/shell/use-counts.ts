import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { useRefreshMs } from "../live";

const REFRESH_MS = 2_000;

/** How many devices are in which state; asked all the time, so its errors tell whether the server is there. */
export function useCounts() {
  const client = useClient();
  return useQuery({
    queryKey: ["counts"],
    queryFn: ({ signal }) => client.fleet.counts({ signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
}
