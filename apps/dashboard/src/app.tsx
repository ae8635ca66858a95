import { Box } from "@mantine/core";
import { FleetClient } from "@mn316-fleet/client";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { ClientContext } from "./client-context";
import { LiveUpdates } from "./live";
import { router } from "./router";
import { SessionEndContext } from "./session-end";
import { type Access, useSession } from "./session";

/** Most who come are signed in already. */
const SignIn = lazy(async () => ({ default: (await import("./sign-in")).SignIn }));

/** The dashboard: asks who is there, then shows the fleet for as long as that is accepted. */
export function App() {
  const { access, failure, signIn, signOut } = useSession();
  const [refused, setRefused] = useState<Access["kind"]>();
  const key = access?.kind === "key" ? access.key : undefined;
  // The page asks again by itself: an attempt of the client's own would only tell of a fault later.
  const client = useMemo(() => access && new FleetClient({ baseUrl: location.origin, key, retries: 0 }), [access, key]);
  const sessionEnd = useMemo(
    () => ({
      onSignOut: () => {
        setRefused(undefined);
        // Unreachable or over already: the browser forgets it all the same.
        if (access?.kind === "person") client?.session.signOut().catch(() => undefined);
        signOut();
      },
      onRefused: () => {
        setRefused(access?.kind);
        signOut();
      },
    }),
    [access, client, signOut],
  );
  if (!client)
    return (
      <Box mih="100vh" bg="var(--fleet-page)">
        <Suspense>
          <SignIn refused={refused} failure={failure} onAccess={signIn} />
        </Suspense>
      </Box>
    );
  return (
    <ClientContext value={client} key={key ?? "person"}>
      <SessionEndContext value={sessionEnd}>
        <LiveUpdates>
          <RouterProvider router={router} />
        </LiveUpdates>
      </SessionEndContext>
    </ClientContext>
  );
}
