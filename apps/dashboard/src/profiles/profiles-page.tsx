import { AnchorLink, ButtonLink } from "../common/links";
import { Code, Stack, Table, Text } from "@mantine/core";
import type { Profile } from "@mn316-fleet/contracts";
import { useClient } from "../client-context";
import { useEndlessList } from "../common/endless-list";
import { PageHeading } from "../common/page-heading";
import { PageList } from "../common/page-list";
import { Since } from "../common/since";
import { useProfilesTexts } from "../texts/use-profiles-texts";
import { useJobsTexts } from "../texts/use-jobs-texts";
import { useTexts } from "../texts/use-texts";

const REFRESH_MS = 10_000;

/** All profiles: layers of configuration for many devices. */
export function ProfilesPage() {
  const client = useClient();
  const texts = useProfilesTexts();
  const list = useEndlessList({
    queryKey: ["profiles"],
    list: ({ cursor, signal }) => client.profiles.list({ cursor }, { signal }),
    refreshMs: REFRESH_MS,
  });
  return (
    <Stack>
      <PageHeading title={texts.title}>
        <ButtonLink to="/profiles/$id" params={{ id: "new" }}>
          {texts.new}
        </ButtonLink>
      </PageHeading>
      <Text size="sm" c="dimmed" maw={720}>
        {texts.hint}
      </Text>
      <PageList
        {...list}
        columns={[texts.name, texts.selector, texts.priority, texts.changed]}
        empty={texts.none}
        row={(profile) => <Row key={profile.id} profile={profile} />}
      />
    </Stack>
  );
}

function Row({
  profile: { id, name, description, selector, priority, version, updatedAt, updatedBy },
}: {
  profile: Profile;
}) {
  const jobs = useJobsTexts();
  const { config } = useTexts();
  return (
    <Table.Tr>
      <Table.Td>
        <AnchorLink to="/profiles/$id" params={{ id }} fw={600}>
          {name}
        </AnchorLink>
        <Text size="xs" c="dimmed">
          {description}
        </Text>
      </Table.Td>
      <Table.Td>
        <Code>{JSON.stringify(selector)}</Code>
      </Table.Td>
      <Table.Td>{priority}</Table.Td>
      <Table.Td>
        <Since moment={updatedAt} />
        <Text size="xs" c="dimmed">
          {config.version(version)} · {jobs.by(updatedBy)}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
