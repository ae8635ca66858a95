import {
  Button,
  Group,
  List,
  NumberInput,
  Paper,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Table,
  Text,
  Title,
} from "@mantine/core";
import type { ConfigDocument, WhatIf, WhatIfAnswer } from "@mn316-fleet/contracts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { SPANS, type Span } from "../../analytics/question";
import { useClient } from "../../client-context";
import { inDuration } from "../../common/durations";
import { WriteProblem } from "../../common/field-errors";
import { mayAs, useCaller } from "../../shell/use-caller";
import { useAdviceTexts } from "../../texts/use-advice-texts";
import { useAnalyticsTexts } from "../../texts/use-analytics-texts";
import { useTexts } from "../../texts/use-texts";

type Setting = keyof WhatIf["settings"];
type Replayed = Omit<WhatIfAnswer["asked"], "settings">;

const SETTINGS: readonly Setting[] = ["keepAliveS", "ackTimeoutS", "reopenAfterS", "backoff"];
const FIGURES = [
  ...["lossesNoticed", "lossesUnnoticed", "falseAlarms", "meanNoticingS", "longestNoticingS", "awayS"],
  ...["pings", "pingTimeouts", "pingBytes"],
] as (keyof Replayed)[];
/** Figures that are durations. */
const DURATIONS: ReadonlySet<keyof Replayed> = new Set(["meanNoticingS", "longestNoticingS", "awayS"]);

/** What the device's own history would have been with other timers: a question to the server, which changes nothing. */
export function WhatIfPanel({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const caller = useCaller();
  const texts = useAnalyticsTexts();
  const { whatIf } = useAdviceTexts();
  const [given, setGiven] = useState<Partial<Record<Setting, number | string>>>({});
  const [span, setSpan] = useState<Span>("week");
  const mayAsk = mayAs(caller?.role, "operator");
  const { data: config } = useQuery({
    queryKey: ["config", deviceId, "what-if"],
    queryFn: ({ signal }) => client.config.get(deviceId, { signal }),
    enabled: mayAsk,
  });
  const settings = Object.fromEntries(
    SETTINGS.flatMap((name) => (typeof given[name] === "number" ? [[name, given[name]]] : [])),
  ) as WhatIf["settings"];
  const replay = useMutation({
    mutationFn: () => {
      const toMs = Date.now();
      return client.analytics.whatIf({
        ...{ deviceId, settings },
        ...{ from: new Date(toMs - SPANS[span]).toISOString(), to: new Date(toMs).toISOString() },
      });
    },
  });
  if (!mayAsk) return null;
  const former = settingsOf(config?.desired ?? undefined);
  return (
    <Paper withBorder p="md" component="section" aria-label={whatIf.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          replay.mutate();
        }}
      >
        <Stack gap="sm">
          <Group justify="space-between" align="flex-start" wrap="nowrap">
            <div>
              <Title order={2} size="h5">
                {whatIf.title}
              </Title>
              <Text size="xs" c="dimmed">
                {whatIf.hint}
              </Text>
            </div>
            <SegmentedControl
              size="xs"
              aria-label={texts.span}
              style={{ flexShrink: 0 }}
              value={span}
              data={Object.entries(texts.spans).map(([value, label]) => ({ value, label }))}
              onChange={(value) => {
                setSpan(value as Span);
              }}
            />
          </Group>
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
            {SETTINGS.map((name) => (
              <NumberInput
                key={name}
                label={whatIf.settings[name]}
                min={1}
                decimalScale={name === "backoff" ? 1 : 0}
                value={given[name] ?? ""}
                placeholder={former[name] === undefined ? "" : whatIf.asItWas(String(former[name]))}
                onChange={(value) => {
                  setGiven((now) => ({ ...now, [name]: value }));
                }}
              />
            ))}
          </SimpleGrid>
          <WriteProblem error={replay.error} />
          <Group gap="sm">
            <Button type="submit" loading={replay.isPending} disabled={Object.keys(settings).length === 0}>
              {whatIf.ask}
            </Button>
            {Object.keys(settings).length === 0 && (
              <Text size="sm" c="dimmed">
                {whatIf.none}
              </Text>
            )}
          </Group>
          {replay.data && <Outcome answer={replay.data} />}
        </Stack>
      </form>
    </Paper>
  );
}

/** The timers of a configuration. */
function settingsOf(config: ConfigDocument | undefined): Partial<Record<Setting, number>> {
  if (!config) return {};
  const { keepAliveS, ackTimeoutS } = config.mqtt;
  const { reopenAfterS, backoff } = config.recovery;
  return { keepAliveS, ackTimeoutS, reopenAfterS, backoff };
}

/** The figures side by side, and what they rest on. */
function Outcome({ answer: { lived, asked, recorded, assumptions } }: { answer: WhatIfAnswer }) {
  const texts = useTexts();
  const { whatIf } = useAdviceTexts();
  const inWords = (name: keyof Replayed, value: number | null) => {
    if (value === null) return "–";
    return DURATIONS.has(name) ? inDuration(value, texts) : value.toLocaleString(texts.locale);
  };
  return (
    <Stack gap="sm" role="status">
      <Table.ScrollContainer minWidth={420}>
        <Table verticalSpacing={6} aria-label={whatIf.title}>
          <Table.Thead>
            <Table.Tr>
              {[whatIf.figure, whatIf.lived, whatIf.asked].map((label) => (
                <Table.Th key={label}>{label}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {FIGURES.map((name) => (
              <Table.Tr key={name} {...(lived[name] !== asked[name] && { bg: "var(--fleet-differs)" })}>
                <Table.Th scope="row" fw={400}>
                  {whatIf.figures[name]}
                </Table.Th>
                <Table.Td>{inWords(name, lived[name])}</Table.Td>
                <Table.Td fw={600}>{inWords(name, asked[name])}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="sm">{whatIf.recorded(recorded.heartbeatLosses, recorded.outlived)}</Text>
      <div>
        <Text size="sm" fw={600}>
          {whatIf.assumptions}
        </Text>
        <List size="sm" c="dimmed">
          {assumptions.map((assumption) => (
            <List.Item key={assumption.code}>{whatIf.say(assumption)}</List.Item>
          ))}
        </List>
      </div>
    </Stack>
  );
}
