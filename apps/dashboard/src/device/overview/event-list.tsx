import { Group, Skeleton, Stack, Switch, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../../client-context";
import { useRefreshMs } from "../../live";
import { useTexts } from "../../texts/use-texts";
import { inWords, isRoutine } from "../events/event-words";

const REFRESH_MS = 2_000;
const ASKED = 200;
const SHOWN = 15;

/** What the device reported last, in words. */
export function EventList({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const texts = useTexts();
  const [hasRoutine, setHasRoutine] = useState(false);
  const { data } = useQuery({
    queryKey: ["events", deviceId],
    queryFn: ({ signal }) => client.devices.events(deviceId, { limit: ASKED }, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  const shown = data?.items.filter((event) => hasRoutine || !isRoutine(event)).slice(0, SHOWN);
  return (
    <Stack gap={6}>
      <Group justify="space-between">
        <Title order={3} size="h5">
          {texts.device.events}
        </Title>
        <Switch
          size="xs"
          label={texts.device.routine}
          checked={hasRoutine}
          onChange={({ currentTarget: { checked } }) => {
            setHasRoutine(checked);
          }}
        />
      </Group>
      {!shown && <Skeleton h={120} />}
      {shown?.length === 0 && (
        <Text size="sm" c="dimmed">
          {data?.items.length === 0 ? texts.device.noEvents : texts.device.onlyRoutine}
        </Text>
      )}
      {shown?.map((event) => (
        <Group key={`${event.epoch}/${event.seq}`} gap="sm" wrap="nowrap" align="baseline">
          <Text
            component="time"
            dateTime={event.at}
            title={new Date(event.at).toLocaleString(texts.locale)}
            size="xs"
            c="dimmed"
            style={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}
          >
            {new Date(event.at).toLocaleTimeString(texts.locale, { hourCycle: "h23" })}
          </Text>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            {inWords(event, texts)}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
