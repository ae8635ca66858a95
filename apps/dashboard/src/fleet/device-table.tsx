import { Button, Center, Paper, Skeleton, Stack, Table, Text } from "@mantine/core";
import { UnreachableError } from "@mn316-fleet/client";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { ProblemAlert } from "../common/problem-alert";
import { useRefreshMs } from "../live";
import { useTexts } from "../texts/use-texts";
import { DeviceRow } from "./device-row";
import classes from "./device-table.module.css";
import { type Filters, isNarrowed } from "./filters";

const REFRESH_MS = 2_000;
const PAGE = 50;

interface Props {
  filters: Filters;
  onOpen: (id: string) => void;
}

/** The devices, live. */
export function DeviceTable({ filters, onOpen }: Props) {
  const client = useClient();
  const { table: texts } = useTexts();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["devices", filters],
    queryFn: ({ pageParam, signal }) => client.devices.list({ ...filters, limit: PAGE, cursor: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: useRefreshMs(REFRESH_MS),
    placeholderData: keepPreviousData,
  });
  const devices = data?.pages.flatMap(({ items }) => items);
  const isWaiting = !devices && (!error || error instanceof UnreachableError);
  return (
    <Paper withBorder style={{ overflow: "hidden" }}>
      {error && <ProblemAlert error={error} retry={() => void refetch()} />}
      <Table highlightOnHover verticalSpacing="sm" horizontalSpacing="md">
        <Table.Thead className={classes.head}>
          <Table.Tr>
            {[texts.device, texts.link, texts.module, texts.cause, texts.signal, texts.config].map((label) => (
              <Table.Th key={label}>{label}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {devices?.map((device) => (
            <DeviceRow key={device.id} device={device} onOpen={onOpen} />
          ))}
        </Table.Tbody>
      </Table>
      {isWaiting && (
        <Stack p="md">
          {[1, 2, 3].map((line) => (
            <Skeleton key={line} h={36} />
          ))}
        </Stack>
      )}
      {devices?.length === 0 && <Nothing isNarrowed={isNarrowed(filters)} />}
      {hasNextPage && (
        <Center p="sm">
          <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {texts.more}
          </Button>
        </Center>
      )}
    </Paper>
  );
}

function Nothing({ isNarrowed }: { isNarrowed: boolean }) {
  const { table: texts } = useTexts();
  return (
    <Center p="xl">
      <Stack align="center" gap={4}>
        <Text fw={600}>{isNarrowed ? texts.emptyFilter : texts.emptyFleet}</Text>
        {!isNarrowed && (
          <Text size="sm" c="dimmed" ta="center">
            {texts.emptyFleetHint}
          </Text>
        )}
      </Stack>
    </Center>
  );
}
