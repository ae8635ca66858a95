import { ROLES, type Role } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";

const FRESH_MS = 60_000;

/** Who is at this page, and in which role; undefined until the server said so. */
export function useCaller() {
  const client = useClient();
  const { data } = useQuery({
    queryKey: ["session"],
    queryFn: ({ signal }) => client.session.get({ signal }),
    staleTime: FRESH_MS,
  });
  return data;
}

/** Whether a role may do what another one may. */
export const mayAs = (role: Role | undefined, least: Role): boolean =>
  role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(least);
