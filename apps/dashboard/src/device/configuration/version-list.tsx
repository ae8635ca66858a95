import { Button, Code, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { ConfigChange, ConfigVersion } from "@mn316-fleet/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useClient } from "../../client-context";
import { WriteProblem } from "../../common/field-errors";
import { Since } from "../../common/since";
import { useDeviceTexts } from "../../texts/use-device-texts";
import { useTexts } from "../../texts/use-texts";

const SHOWN = 20;

/** The versions of a configuration, who made them and what they changed; each can be returned to. */
export function VersionList({ deviceId, current }: { deviceId: string; current: number }) {
  const client = useClient();
  const queries = useQueryClient();
  const { configuration: texts } = useDeviceTexts();
  const { data } = useQuery({
    queryKey: ["config", deviceId, "versions", current],
    queryFn: ({ signal }) => client.configVersions.list(deviceId, { limit: SHOWN }, { signal }),
  });
  const revert = useMutation({
    mutationFn: (version: number) => client.configVersions.revert(deviceId, version, current),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["config", deviceId] }),
  });
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        {texts.versions}
      </Title>
      <WriteProblem error={revert.error} />
      {!data && <Skeleton h={80} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.noVersions}
        </Text>
      )}
      {data?.items.map((version) => (
        <Version
          key={version.version}
          version={version}
          isCurrent={version.version === current}
          isReverting={revert.isPending}
          onRevert={() => {
            revert.mutate(version.version);
          }}
        />
      ))}
    </Stack>
  );
}

interface VersionProps {
  version: ConfigVersion;
  isCurrent: boolean;
  isReverting: boolean;
  onRevert: () => void;
}

function Version({
  version: { version, at, author, source, changes },
  isCurrent,
  isReverting,
  onRevert,
}: VersionProps) {
  const { configuration: texts } = useDeviceTexts();
  const { config } = useTexts();
  return (
    <Group justify="space-between" align="flex-start" wrap="nowrap">
      <div>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {config.version(version)}
          </Text>
          <Text size="sm">{texts.sources[source.kind](source.name ?? String(source.version ?? ""))}</Text>
          <Text size="sm" c="dimmed">
            {texts.by(author)}
          </Text>
          <Since moment={at} />
        </Group>
        {changes.map((change) => (
          <Change key={change.path} change={change} />
        ))}
      </div>
      {!isCurrent && (
        <Button size="xs" variant="default" loading={isReverting} onClick={onRevert} style={{ flexShrink: 0 }}>
          {texts.revert}
        </Button>
      )}
    </Group>
  );
}

function Change({ change: { path, from, to } }: { change: ConfigChange }) {
  const { configuration: texts } = useDeviceTexts();
  const inText = (value: unknown) => (value === undefined ? texts.nothing : JSON.stringify(value));
  return (
    <Text size="xs" style={{ overflowWrap: "anywhere" }}>
      <Code>{path}</Code> {inText(from)} → {inText(to)}
    </Text>
  );
}
