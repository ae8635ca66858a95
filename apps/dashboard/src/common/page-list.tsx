import { Button, Center, Paper, Skeleton, Stack, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTexts } from "../texts/use-texts";
import { ProblemAlert } from "./problem-alert";

interface Props<T> {
  /** undefined while they are on their way. */
  items: readonly T[] | undefined;
  error?: Error | null;
  retry?: () => void;
  columns: readonly string[];
  row: (item: T) => ReactNode;
  /** What is said where there are none. */
  empty: ReactNode;
  more?: (() => void) | undefined;
  isLoadingMore?: boolean;
}

/** A table of whatever a page lists, with all that may come instead of it. */
export function PageList<T>({ items, error, retry, columns, row, empty, more, isLoadingMore }: Props<T>) {
  const { table } = useTexts();
  return (
    <>
      {error && retry && <ProblemAlert error={error} retry={retry} />}
      <Paper withBorder>
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                {columns.map((label) => (
                  <Table.Th key={label}>{label}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>{items?.map(row)}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        {!items && !error && (
          <Stack p="md">
            <Skeleton h={32} />
            <Skeleton h={32} />
          </Stack>
        )}
        {items?.length === 0 && (
          <Text p="md" size="sm" c="dimmed" component="div">
            {empty}
          </Text>
        )}
      </Paper>
      {more && (
        <Center>
          <Button variant="subtle" loading={isLoadingMore} onClick={more}>
            {table.more}
          </Button>
        </Center>
      )}
    </>
  );
}
