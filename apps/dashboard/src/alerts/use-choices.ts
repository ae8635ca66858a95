import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";

/** More of them than a person can choose from in a list. */
const LIMIT = 200;

/** The channels that a rule can tell its alerts by. */
export function useChannels() {
  const client = useClient();
  const { data } = useQuery({
    queryKey: ["alert-channels", "choices"],
    queryFn: ({ signal }) => client.alertChannels.list({ limit: LIMIT }, { signal }),
  });
  return data?.items ?? [];
}

/** The rules that a silence can be for. */
export function useRules() {
  const client = useClient();
  const { data } = useQuery({
    queryKey: ["alert-rules", "choices"],
    queryFn: ({ signal }) => client.alertRules.list({ limit: LIMIT }, { signal }),
  });
  return data?.items ?? [];
}
