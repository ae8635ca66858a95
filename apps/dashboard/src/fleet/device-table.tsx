import { ButtonLink } from "../common/links";
import { Button, Center, Group, Paper, Skeleton, Stack, Table, Text } from "@mantine/core";
import { UnreachableError } from "@mn316-fleet/client";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useRef, useState } from "react";
import { ProblemAlert } from "../common/problem-alert";
import { useTexts } from "../texts/use-texts";
import { DeviceRow } from "./device-row";
import classes from "./device-table.module.css";
import { type Filters, isNarrowed } from "./filters";
import { useDevicePages } from "./use-device-pages";

const ROW_PX = 67;
/** Rows that are drawn beyond the edge of the window. */
const OVERSCAN = 8;
const COLUMNS = 7;

/** The devices, live. However many there are, only the rows in sight are drawn and asked for. */
export function DeviceTable({ filters }: { filters: Filters }) {
  const { table: texts } = useTexts();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [sight, setSight] = useState({ first: 0, last: 0 });
  const { rows, deviceAt, hasMore, error, retry } = useDevicePages(filters, sight.first, sight.last);
  const frame = useRef<HTMLDivElement>(null);
  const virtualizer = useWindowVirtualizer({
    count: rows + (hasMore && rows > 0 ? 1 : 0),
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    scrollMargin: frame.current?.offsetTop ?? 0,
    onChange: ({ range }) => {
      if (!range) return;
      const [first, last] = [Math.max(0, range.startIndex - OVERSCAN), range.endIndex + OVERSCAN];
      setSight((now) => (now.first === first && now.last === last ? now : { first, last }));
    },
  });
  const items = virtualizer.getVirtualItems();
  const above = (items[0]?.start ?? 0) - virtualizer.options.scrollMargin;
  const below = virtualizer.getTotalSize() - ((items.at(-1)?.end ?? 0) - virtualizer.options.scrollMargin);
  const choose = useCallback((id: string, isChosen: boolean) => {
    setChosen((now) => {
      const next = new Set(now);
      if (isChosen) next.add(id);
      else next.delete(id);
      return next;
    });
  }, []);
  const isWaiting = rows === 0 && hasMore && (!error || error instanceof UnreachableError);
  return (
    <Stack gap="xs">
      <BulkActions
        chosen={chosen}
        filters={filters}
        onClear={() => {
          setChosen(new Set());
        }}
      />
      <Paper withBorder style={{ overflow: "hidden" }} ref={frame}>
        {error && <ProblemAlert error={error} retry={retry} />}
        <Table highlightOnHover verticalSpacing="sm" horizontalSpacing="md">
          <Table.Thead className={classes.head}>
            <Table.Tr>
              <Table.Th w={40} aria-label={texts.choose} />
              {[texts.device, texts.link, texts.module, texts.cause, texts.signal, texts.config].map((label) => (
                <Table.Th key={label}>{label}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            <Gap heightPx={above} />
            {items.map(({ index }) => {
              const device = deviceAt(index);
              return device ? (
                <DeviceRow
                  key={device.id}
                  device={device}
                  index={index}
                  isChosen={chosen.has(device.id)}
                  onChoose={choose}
                  measure={virtualizer.measureElement}
                />
              ) : (
                <Table.Tr key={index} h={ROW_PX} data-index={index} ref={virtualizer.measureElement}>
                  <Table.Td colSpan={COLUMNS}>
                    <Skeleton h={36} />
                  </Table.Td>
                </Table.Tr>
              );
            })}
            <Gap heightPx={below} />
          </Table.Tbody>
        </Table>
        {isWaiting && (
          <Stack p="md">
            {[1, 2, 3].map((line) => (
              <Skeleton key={line} h={36} />
            ))}
          </Stack>
        )}
        {rows === 0 && !hasMore && <Nothing isNarrowed={isNarrowed(filters)} />}
      </Paper>
    </Stack>
  );
}

/** Room for the rows out of sight. */
function Gap({ heightPx }: { heightPx: number }) {
  if (heightPx <= 0) return null;
  return (
    <tr aria-hidden="true">
      <td colSpan={COLUMNS} style={{ height: heightPx, padding: 0 }} />
    </tr>
  );
}

interface BulkProps {
  chosen: ReadonlySet<string>;
  filters: Filters;
  onClear: () => void;
}

/** What can be done with many devices at once: with the chosen ones, or with all that the filters let through. */
function BulkActions({ chosen, filters, onClear }: BulkProps) {
  const { table: texts } = useTexts();
  if (chosen.size === 0 && !isNarrowed(filters)) return null;
  return (
    <Group gap="sm" mih={36}>
      {chosen.size > 0 ? (
        <>
          <Text size="sm" role="status">
            {texts.chosen(chosen.size)}
          </Text>
          <ButtonLink to="/jobs/new" state={{ deviceIds: [...chosen] }} size="xs">
            {texts.jobForChosen}
          </ButtonLink>
          <Button size="xs" variant="default" onClick={onClear}>
            {texts.chooseNone}
          </Button>
        </>
      ) : (
        <ButtonLink to="/jobs/new" search={filters} size="xs" variant="default">
          {texts.jobForMatching}
        </ButtonLink>
      )}
    </Group>
  );
}

function Nothing({ isNarrowed }: { isNarrowed: boolean }) {
  const { table: texts, shell } = useTexts();
  return (
    <Center p="xl">
      <Stack align="center" gap={4}>
        <Text fw={600}>{isNarrowed ? texts.emptyFilter : texts.emptyFleet}</Text>
        {!isNarrowed && (
          <>
            <Text size="sm" c="dimmed" ta="center">
              {texts.emptyFleetHint}
            </Text>
            <ButtonLink to="/enrollment" mt="sm">
              {shell.pages["/enrollment"]}
            </ButtonLink>
          </>
        )}
      </Stack>
    </Center>
  );
}
