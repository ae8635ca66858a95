import { Button, Group, Text } from "@mantine/core";
import type { Alert } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { useTexts } from "../texts/use-texts";

/** Says that somebody looks after an alert, or who does. */
export function AcknowledgeButton({ alert: { id, state, acknowledgedBy } }: { alert: Alert }) {
  const client = useClient();
  const queries = useQueryClient();
  const { alerts: texts } = useTexts();
  const acknowledge = useMutation({
    mutationFn: () => client.alerts.acknowledge(id),
    onSettled: () => queries.invalidateQueries({ queryKey: ["alerts"] }),
  });
  if (state === "acknowledged")
    return (
      <Text size="xs" c="dimmed">
        {texts.acknowledgedBy(acknowledgedBy ?? "")}
      </Text>
    );
  return (
    <Group gap="xs" wrap="nowrap">
      {acknowledge.error && (
        <Text size="xs" c="red" role="alert">
          {acknowledge.error.message}
        </Text>
      )}
      <Button
        size="xs"
        variant="default"
        loading={acknowledge.isPending}
        onClick={() => {
          acknowledge.mutate();
        }}
      >
        {texts.acknowledge}
      </Button>
    </Group>
  );
}
