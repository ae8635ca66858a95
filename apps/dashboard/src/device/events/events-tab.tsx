import { Badge, Button, Center, Group, Paper, Select, Skeleton, Stack, Table, Text } from "@mantine/core";
import type { StoredEvent } from "@mn316-fleet/contracts";
import { STORED_KINDS } from "@mn316-fleet/protocol";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../../client-context";
import { ProblemAlert } from "../../common/problem-alert";
import { useTexts } from "../../texts/use-texts";
import { inWords } from "./event-words";

const PAGE = 100;
type StoredKind = (typeof STORED_KINDS)[number];

/** Everything that a device reported, the newest first. */
export function EventsTab({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const texts = useTexts();
  const [kind, setKind] = useState<StoredKind>();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["events", deviceId, "all", kind],
    queryFn: ({ pageParam, signal }) =>
      client.devices.events(deviceId, { limit: PAGE, cursor: pageParam, kind }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const events = data?.pages.flatMap(({ items }) => items);
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-end">
        <Select
          label={texts.device.eventKind}
          placeholder={texts.filters.any}
          clearable
          searchable
          w={220}
          data={STORED_KINDS.toSorted()}
          value={kind ?? null}
          onChange={(value) => {
            setKind(STORED_KINDS.find((known) => known === value));
          }}
        />
        <Button variant="default" onClick={() => void refetch()}>
          {texts.device.refresh}
        </Button>
      </Group>
      {error && <ProblemAlert error={error} retry={() => void refetch()} />}
      <Paper withBorder>
        <Table verticalSpacing={6} horizontalSpacing="md">
          <Table.Tbody>
            {events?.map((event) => (
              <Row key={`${event.epoch}/${event.seq}`} event={event} />
            ))}
          </Table.Tbody>
        </Table>
        {!events && !error && <Skeleton h={240} />}
        {events?.length === 0 && (
          <Text p="md" size="sm" c="dimmed">
            {texts.device.noEvents}
          </Text>
        )}
      </Paper>
      {hasNextPage && (
        <Center>
          <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {texts.table.more}
          </Button>
        </Center>
      )}
    </Stack>
  );
}

function Row({ event }: { event: StoredEvent }) {
  const texts = useTexts();
  return (
    <Table.Tr>
      <Table.Td w={190} style={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}>
        <Text component="time" dateTime={event.at} size="sm">
          {new Date(event.at).toLocaleString(texts.locale, { hourCycle: "h23" })}
        </Text>
      </Table.Td>
      <Table.Td w={140}>
        <Badge variant="default" tt="none" size="sm" fw={500}>
          {event.kind}
        </Badge>
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Text size="sm">{inWords(event, texts)}</Text>
      </Table.Td>
    </Table.Tr>
  );
}
