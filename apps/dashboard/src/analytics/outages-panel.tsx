import { Group, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import type { Outages } from "@mn316-fleet/contracts";
import { useClient } from "../client-context";
import { inDuration } from "../common/durations";
import { AnchorLink } from "../common/links";
import { useAnalyticsTexts } from "../texts/use-analytics-texts";
import { useTexts } from "../texts/use-texts";
import { Columns } from "./columns";
import { coarser } from "./distribution";
import { Figure, Nothing, Panel } from "./panel";
import type { Question } from "./question";

const SHOWN = 10;
/** A moment within the last weeks. */
const MOMENT = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" } as const;
const NOT_BROKEN = { whiteSpace: "nowrap" } as const;

/** How often, how long, and which outages were the longest. */
export function OutagesPanel({ question }: { question: Question }) {
  const client = useClient();
  const { outages: texts } = useAnalyticsTexts();
  return (
    <Panel
      title={texts.title}
      path="outages"
      isUnknownTold
      query={{ limit: SHOWN }}
      question={question}
      ask={(query, signal) => client.analytics.outages(query, { signal })}
    >
      {(answer) => (
        <Stack>
          <Figures answer={answer} />
          {answer.rows.length === 0 ? (
            <Nothing>{texts.none}</Nothing>
          ) : (
            <SimpleGrid cols={{ base: 1, xl: 2 }}>
              <Distribution answer={answer} />
              <Longest answer={answer} />
            </SimpleGrid>
          )}
        </Stack>
      )}
    </Panel>
  );
}

function Figures({ answer }: { answer: Outages }) {
  const texts = useTexts();
  const { outages } = useAnalyticsTexts();
  const duration = (seconds: number | null) => (seconds === null ? "–" : inDuration(seconds, texts));
  const figures = [
    { label: outages.count, value: String(answer.outages) },
    { label: outages.ongoing, value: String(answer.ongoing) },
    { label: outages.requested, value: String(answer.requested) },
    { label: outages.mtbf, value: duration(answer.mtbfSeconds) },
    { label: outages.mttr, value: duration(answer.mttrSeconds) },
    { label: outages.longest, value: duration(answer.longestSeconds) },
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>
      {figures.map((figure) => (
        <Figure key={figure.label} {...figure} />
      ))}
    </SimpleGrid>
  );
}

function Distribution({ answer: { distribution } }: { answer: Outages }) {
  const texts = useTexts();
  const { outages } = useAnalyticsTexts();
  const columns = coarser(distribution).map(({ fromSeconds, outages: count }) => ({
    key: String(fromSeconds),
    label: outages.from(inDuration(fromSeconds, texts)),
    parts: [{ name: outages.count, value: count, color: "cyan" }],
  }));
  if (columns.length === 0) return <Nothing>{outages.noneOver}</Nothing>;
  return (
    <div>
      <Text size="sm" fw={600} mb="xs">
        {outages.distribution}
      </Text>
      <Columns label={outages.distribution} columns={columns} heightPx={120} isEachLabelled />
    </div>
  );
}

function Longest({ answer: { rows } }: { answer: Outages }) {
  const texts = useTexts();
  const { outages } = useAnalyticsTexts();
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table verticalSpacing={6} fz="sm" aria-label={outages.longestOnes}>
        <Table.Thead>
          <Table.Tr>
            {[texts.table.device, outages.began, outages.lasted, outages.cause].map((label) => (
              <Table.Th key={label}>{label}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ deviceId, name, began, ended, seconds, unknownSeconds, cause }) => (
            <Table.Tr key={deviceId + began}>
              <Table.Td style={NOT_BROKEN}>
                <AnchorLink to="/devices/$id" params={{ id: deviceId }} size="sm">
                  {name}
                </AnchorLink>
              </Table.Td>
              <Table.Td style={NOT_BROKEN}>{new Date(began).toLocaleString(texts.locale, MOMENT)}</Table.Td>
              <Table.Td style={NOT_BROKEN}>
                <Group gap={4}>
                  {inDuration(seconds, texts)}
                  {ended === null && ` ${outages.goesOn}`}
                </Group>
                {unknownSeconds >= 1 && (
                  <Text size="xs" c="dimmed">
                    {outages.unseen(inDuration(unknownSeconds, texts))}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>{texts.causes[cause]}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
