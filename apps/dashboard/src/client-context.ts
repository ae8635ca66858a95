import { type FleetClient } from "@mn316-fleet/client";
import { createContext, use } from "react";

export const ClientContext = createContext<FleetClient | undefined>(undefined);

/** The API with the key of this session. */
export function useClient(): FleetClient {
  const client = use(ClientContext);
  if (!client) throw new Error("useClient belongs inside a ClientContext");
  return client;
}
