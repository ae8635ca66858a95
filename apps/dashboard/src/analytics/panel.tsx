import { Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useClient } from "../client-context";
import { DownloadButton } from "../common/download-button";
import { ProblemAlert } from "../common/problem-alert";
import { inPercent } from "../fleet/percent";
import { useAnalyticsTexts } from "../texts/use-analytics-texts";
import type { Question } from "./question";

interface Props<A> {
  title: string;
  hint?: string;
  /** Its address below `analytics/`, and what is asked beside the question. */
  path: string;
  query?: object;
  question: Question;
  /** Time of which nothing is known changes what the answer means. */
  isUnknownTold?: boolean;
  ask: (query: Question, signal: AbortSignal) => Promise<A>;
  children: (answer: A) => ReactNode;
}

/** One question of the page: its answer, how much of the time nobody knows, and the same as a table for other programs. */
export function Panel<A extends { unknownShare: number | null }>(props: Props<A>) {
  const { title, hint, path, query = {}, question, isUnknownTold = false, ask, children } = props;
  const client = useClient();
  const texts = useAnalyticsTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["analytics", path, query, question],
    queryFn: ({ signal }) => ask({ ...question, ...query }, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div>
            <Title order={2} size="h5">
              {title}
            </Title>
            {hint !== undefined && (
              <Text size="xs" c="dimmed">
                {hint}
              </Text>
            )}
          </div>
          <Group gap="xs" wrap="nowrap">
            <DownloadButton
              label="CSV"
              name={texts.csvOf(title)}
              file={`${path}.csv`}
              load={() => client.stream(`analytics/${path}`, { query: { ...question, ...query, format: "csv" } })}
            />
          </Group>
        </Group>
        {error && <ProblemAlert error={error} retry={() => void refetch()} />}
        {data ? children(data) : !error && <Skeleton h={140} />}
        {isUnknownTold && data && data.unknownShare !== null && data.unknownShare > 0 && (
          <Text size="xs" c="dimmed">
            {texts.unknown(inPercent(data.unknownShare))}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}

/** That there is nothing to show. */
export function Nothing({ children }: { children: ReactNode }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}

/** A number with its name. */
export function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fz={22} fw={650} lh={1.3}>
        {value}
      </Text>
    </div>
  );
}
