import { Box } from "@mantine/core";
import { FleetClient } from "@mn316-fleet/client";
import { RouterProvider } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ClientContext } from "./client-context";
import { LiveUpdates } from "./live";
import { router } from "./router";
import { SessionEndContext } from "./session-end";
import { useSession } from "./session";
import { SignIn } from "./sign-in";

/** The dashboard: asks for a key, then shows the fleet for as long as the key is accepted. */
export function App() {
  const { key, signIn, signOut } = useSession();
  const [refusedKey, setRefusedKey] = useState<string>();
  const client = useMemo(
    () => (key === undefined ? undefined : new FleetClient({ baseUrl: location.origin, key, retries: 0 })),
    [key],
  );
  const sessionEnd = useMemo(
    () => ({
      onSignOut: () => {
        setRefusedKey(undefined);
        signOut();
      },
      onRefused: () => {
        setRefusedKey(key);
        signOut();
      },
    }),
    [key, signOut],
  );
  if (!client)
    return (
      <Box mih="100vh" bg="var(--fleet-page)">
        <SignIn isRefused={refusedKey !== undefined} onKey={signIn} />
      </Box>
    );
  return (
    <ClientContext value={client} key={key}>
      <SessionEndContext value={sessionEnd}>
        <LiveUpdates>
          <RouterProvider router={router} />
        </LiveUpdates>
      </SessionEndContext>
    </ClientContext>
  );
}
