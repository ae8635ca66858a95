import { Button, Table, Text } from "@mantine/core";
import type { Notification } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { useEndlessList } from "../common/endless-list";
import { PageList } from "../common/page-list";
import { Since } from "../common/since";
import { mayAs, useCaller } from "../shell/use-caller";
import { useAlertsTexts } from "../texts/use-alerts-texts";

const REFRESH_MS = 5_000;

/** Notifications that were given up, and a way to send them after all. */
export function FailedTab() {
  const client = useClient();
  const { failed: texts } = useAlertsTexts();
  const list = useEndlessList({
    queryKey: ["notifications", "failed"],
    list: ({ cursor, signal }) => client.notifications.list({ state: "failed", cursor }, { signal }),
    refreshMs: REFRESH_MS,
  });
  return (
    <PageList
      {...list}
      columns={[texts.channel, texts.alerts, texts.why, texts.attempts, texts.when, ""]}
      empty={texts.none}
      row={(notification) => <Row key={notification.id} notification={notification} />}
    />
  );
}

function Row({
  notification: { id, channel, type, alerts, lastError, attempts, createdAt },
}: {
  notification: Notification;
}) {
  const client = useClient();
  const queries = useQueryClient();
  const caller = useCaller();
  const { failed: texts, of } = useAlertsTexts();
  const retry = useMutation({
    mutationFn: () => client.notifications.retry(id),
    onSettled: () => queries.invalidateQueries({ queryKey: ["notifications"] }),
  });
  return (
    <Table.Tr>
      <Table.Td>{channel}</Table.Td>
      <Table.Td>
        {alerts} {texts.types[type]}
      </Table.Td>
      <Table.Td>
        <Text size="sm">{lastError}</Text>
        {retry.error && (
          <Text size="xs" c="red" role="alert">
            {retry.error.message}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{attempts}</Table.Td>
      <Table.Td>
        <Since moment={createdAt} />
      </Table.Td>
      <Table.Td>
        {mayAs(caller?.role, "operator") && (
          <Button
            size="xs"
            variant="default"
            aria-label={of(texts.retry, channel)}
            loading={retry.isPending}
            onClick={() => {
              retry.mutate();
            }}
          >
            {texts.retry}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
