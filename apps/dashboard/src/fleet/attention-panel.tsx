import { Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { inDuration } from "../common/durations";
import { AnchorLink } from "../common/links";
import { ProblemAlert } from "../common/problem-alert";
import type { Texts } from "../texts/en";
import { useTexts } from "../texts/use-texts";
import { type Attention, loadAttention, type Reason } from "./attention";

const REFRESH_MS = 15_000;
const SHOWN = 6;

/** The devices that somebody should look at first, each with its reasons. */
export function AttentionPanel() {
  const client = useClient();
  const { attention: texts } = useTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["attention"],
    queryFn: ({ signal }) => loadAttention(client, SHOWN, signal),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Paper withBorder p="md" component="section" aria-label={texts.title}>
      <Stack gap="xs">
        <Title order={2} size="h5">
          {texts.title}
        </Title>
        {error && <ProblemAlert error={error} retry={() => void refetch()} />}
        {!data && !error && <Skeleton h={130} />}
        {data?.length === 0 && (
          <Text size="sm" c="dimmed">
            {texts.none}
          </Text>
        )}
        {data?.map((device) => (
          <Line key={device.deviceId} device={device} />
        ))}
      </Stack>
    </Paper>
  );
}

function Line({ device: { deviceId, name, reasons } }: { device: Attention }) {
  const texts = useTexts();
  return (
    <Group gap="xs" wrap="nowrap" justify="space-between" align="baseline">
      <AnchorLink
        to="/devices/$id"
        params={{ id: deviceId }}
        size="sm"
        fw={600}
        truncate
        maw="60%"
        style={{ flexShrink: 0 }}
      >
        {name}
      </AnchorLink>
      <Text size="sm" c="dimmed" ta="right">
        {reasons.map((reason) => inWords(reason, texts)).join(" · ")}
      </Text>
    </Group>
  );
}

function inWords(reason: Reason, texts: Texts): string {
  const { attention } = texts;
  switch (reason.kind) {
    case "outage":
      return attention.outage(inDuration(reason.seconds, texts), texts.causes[reason.cause]);
    case "flapping":
      return attention.flapping(reason.peakPerHour);
    case "config":
      return attention.config(texts.config[reason.status]);
  }
}
