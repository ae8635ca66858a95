import { Badge, Group, Paper, Stack, Text, Title } from "@mantine/core";
import type { Alert } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { AnchorLink } from "../common/links";
import { ProblemAlert } from "../common/problem-alert";
import { Since } from "../common/since";
import { useRefreshMs } from "../live";
import { useTexts } from "../texts/use-texts";
import { AcknowledgeButton } from "./acknowledge-button";
import { alertWords } from "./alert-words";
import { SeverityBadge } from "./severity-badge";

const REFRESH_MS = 5_000;
/** The newest ones; the API has them all. */
const SHOWN = 5;

/** What is wrong now; nothing while nothing is. */
export function AlertsPanel() {
  const client = useClient();
  const { alerts: texts } = useTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["alerts"],
    queryFn: ({ signal }) => client.alerts.list({ state: "open", limit: SHOWN }, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  if (error) return <ProblemAlert error={error} retry={() => void refetch()} />;
  if (!data || data.items.length === 0) return null;
  return (
    <Paper withBorder p="md" component="section" aria-label={texts.title}>
      <Stack gap="xs">
        <Title order={2} size="h5">
          {texts.title}
        </Title>
        {data.items.map((alert) => (
          <AlertLine key={alert.id} alert={alert} />
        ))}
        {data.next !== null && (
          <Text size="sm" c="dimmed">
            {texts.more(SHOWN)}
          </Text>
        )}
        <AnchorLink to="/alerts" size="sm">
          {texts.all}
        </AnchorLink>
      </Stack>
    </Paper>
  );
}

function AlertLine({ alert }: { alert: Alert }) {
  const { alerts: texts } = useTexts();
  const { deviceId, severity, isSilenced, since, rule, summary } = alert;
  const words = alertWords(summary, texts.what);
  return (
    <Group justify="space-between" align="flex-start" wrap="nowrap">
      <Group gap="xs" mih={30}>
        <SeverityBadge severity={severity} />
        {deviceId === null ? (
          <Text size="sm">{words}</Text>
        ) : (
          <AnchorLink to="/devices/$id" params={{ id: deviceId }} size="sm" fw={600}>
            {words}
          </AnchorLink>
        )}
        <Text size="xs" c="dimmed">
          {rule}
        </Text>
        <Since moment={since} />
        {isSilenced && (
          <Badge color="gray" variant="outline" tt="none">
            {texts.silenced}
          </Badge>
        )}
      </Group>
      <AcknowledgeButton alert={alert} />
    </Group>
  );
}
