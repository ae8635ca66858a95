import { Alert, Box, Container } from "@mantine/core";
import { FleetClient, ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { ClientContext, useClient } from "./client-context";
import { ProblemAlert } from "./common/problem-alert";
import { FleetPage } from "./fleet/fleet-page";
import { Header } from "./header";
import { LiveUpdates, useRefreshMs } from "./live";
import { useSession } from "./session";
import { SignIn } from "./sign-in";
import { useTexts } from "./texts/use-texts";

const REFRESH_MS = 2_000;

/** The dashboard: asks for a key, then shows the fleet for as long as the key is accepted. */
export function App() {
  const { key, signIn, signOut } = useSession();
  const [refusedKey, setRefusedKey] = useState<string>();
  const client = useMemo(
    () => (key === undefined ? undefined : new FleetClient({ baseUrl: "", key, retries: 0 })),
    [key],
  );
  return (
    <Box mih="100vh" bg="var(--fleet-page)">
      {client ? (
        <ClientContext value={client} key={key}>
          <LiveUpdates>
            <Page
              onSignOut={() => {
                setRefusedKey(undefined);
                signOut();
              }}
              onRefused={() => {
                setRefusedKey(key);
                signOut();
              }}
            />
          </LiveUpdates>
        </ClientContext>
      ) : (
        <SignIn isRefused={refusedKey !== undefined} onKey={signIn} />
      )}
    </Box>
  );
}

function Page({ onSignOut, onRefused }: { onSignOut: () => void; onRefused: () => void }) {
  const texts = useTexts();
  const client = useClient();
  const { data, error, refetch } = useQuery({
    queryKey: ["counts"],
    queryFn: ({ signal }) => client.fleet.counts({ signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  const isUnauthorized = error instanceof ProblemResponseError && error.status === 401;
  useEffect(() => {
    if (isUnauthorized) onRefused();
  }, [isUnauthorized, onRefused]);
  if (isUnauthorized) return null;
  return (
    <Container size="xl" pb="xl">
      <Header onSignOut={onSignOut} />
      {error instanceof UnreachableError && (
        <Alert color="yellow" role="status" mb="md">
          {texts.unreachable}
        </Alert>
      )}
      {error && <ProblemAlert error={error} retry={() => void refetch()} />}
      <FleetPage counts={data} />
    </Container>
  );
}
