import { Group, Paper, Skeleton, Stack, Text } from "@mantine/core";
import { ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import { CONFIG_STATUSES, type ProfileDetail } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useLocation } from "@tanstack/react-router";
import { useClient } from "../client-context";
import { ConfigStatusBadge } from "../common/config-status-badge";
import { PageHeading } from "../common/page-heading";
import { ProblemAlert } from "../common/problem-alert";
import { useRefreshMs } from "../live";
import { NotFound } from "../shell/not-found";
import { useProfilesTexts } from "../texts/use-profiles-texts";
import { ProfileEditor } from "./profile-editor";

const REFRESH_MS = 5_000;
const route = getRouteApi("/profiles/$id");

/** One profile, or a new one: what it sets, for whom, and how far its devices are. */
export function ProfilePage() {
  const { id } = route.useParams();
  return id === "new" ? <NewProfile /> : <ExistingProfile key={id} id={id} />;
}

function NewProfile() {
  const texts = useProfilesTexts();
  const draft = useLocation({ select: ({ state }) => state.draftedProfile });
  return (
    <Stack maw={860}>
      <PageHeading title={texts.new} />
      <ProfileEditor draft={draft} />
    </Stack>
  );
}

function ExistingProfile({ id }: { id: string }) {
  const client = useClient();
  const { data, error, refetch } = useQuery({
    queryKey: ["profiles", id],
    queryFn: ({ signal }) => client.profiles.get(id, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  if (error instanceof ProblemResponseError && (error.status === 404 || error.status === 422)) return <NotFound />;
  if (!data)
    return error && !(error instanceof UnreachableError) ? (
      <ProblemAlert error={error} retry={() => void refetch()} />
    ) : (
      <Skeleton h={240} />
    );
  return (
    <Stack maw={860}>
      <PageHeading title={data.name} />
      <Counts profile={data} />
      <ProfileEditor key={data.version} profile={data} />
    </Stack>
  );
}

/** How far the devices of a profile are with their configuration. */
function Counts({ profile: { devices, counts } }: { profile: ProfileDetail }) {
  const texts = useProfilesTexts();
  return (
    <Paper withBorder p="md">
      <Group gap="lg">
        <Text fw={600}>{texts.devices(devices)}</Text>
        {CONFIG_STATUSES.filter((status) => counts[status] > 0).map((status) => (
          <Group key={status} gap={6}>
            <Text size="sm">{counts[status]}</Text>
            <ConfigStatusBadge status={status} />
          </Group>
        ))}
      </Group>
    </Paper>
  );
}
