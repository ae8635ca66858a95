import { Button, Group, Stack, Switch, Table, Text } from "@mantine/core";
import type { AlertRule } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { useEndlessList } from "../common/endless-list";
import { WriteProblem } from "../common/field-errors";
import { PageList } from "../common/page-list";
import { mayAs, useCaller } from "../shell/use-caller";
import { useAlertsTexts } from "../texts/use-alerts-texts";
import { useTexts } from "../texts/use-texts";
import { bodyOf, formOf } from "./rule-form";
import { RuleEditor } from "./rule-editor";
import { SeverityBadge } from "./severity-badge";

const REFRESH_MS = 10_000;

/** What is watched for. */
export function RulesTab() {
  const client = useClient();
  const caller = useCaller();
  const { rules: texts, name, severity } = useAlertsTexts();
  const [edited, setEdited] = useState<AlertRule | "new">();
  const list = useEndlessList({
    queryKey: ["alert-rules"],
    list: ({ cursor, signal }) => client.alertRules.list({ cursor }, { signal }),
    refreshMs: REFRESH_MS,
  });
  const close = () => {
    setEdited(undefined);
  };
  return (
    <Stack>
      {edited === undefined && mayAs(caller?.role, "operator") && (
        <Button
          w="fit-content"
          onClick={() => {
            setEdited("new");
          }}
        >
          {texts.new}
        </Button>
      )}
      {edited === "new" && <RuleEditor key="new" onDone={close} />}
      {edited !== undefined && edited !== "new" && <RuleEditor key={edited.id} rule={edited} onDone={close} />}
      <PageList
        {...list}
        columns={[name, texts.kind, severity, texts.open, texts.enabled, ""]}
        empty={texts.none}
        row={(rule) => <Row key={rule.id} rule={rule} onEdit={setEdited} />}
      />
    </Stack>
  );
}

function Row({ rule, onEdit }: { rule: AlertRule; onEdit: (rule: AlertRule) => void }) {
  const client = useClient();
  const queries = useQueryClient();
  const caller = useCaller();
  const texts = useAlertsTexts();
  const { common } = useTexts();
  const { id, name, kind, description, severity, openAlerts, isEnabled, version } = rule;
  const mayWrite = mayAs(caller?.role, "operator");
  const onSettled = () => queries.invalidateQueries({ queryKey: ["alert-rules"] });
  const enable = useMutation({
    mutationFn: (next: boolean) => client.alertRules.put(id, bodyOf({ ...formOf(rule), isEnabled: next }), version),
    onSettled,
  });
  const remove = useMutation({ mutationFn: () => client.alertRules.delete(id, version), onSettled });
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          {description}
        </Text>
      </Table.Td>
      <Table.Td>{texts.kinds[kind]}</Table.Td>
      <Table.Td>
        <SeverityBadge severity={severity} />
      </Table.Td>
      <Table.Td>{openAlerts}</Table.Td>
      <Table.Td>
        <Switch
          aria-label={texts.of(texts.rules.enabled, name)}
          checked={isEnabled}
          disabled={!mayWrite || enable.isPending}
          onChange={({ currentTarget: { checked } }) => {
            enable.mutate(checked);
          }}
        />
      </Table.Td>
      <Table.Td>
        {mayWrite && (
          <Group gap="xs" justify="flex-end" wrap="nowrap">
            <Button
              size="xs"
              variant="default"
              aria-label={texts.of(texts.edit, name)}
              onClick={() => {
                onEdit(rule);
              }}
            >
              {texts.edit}
            </Button>
            <Button
              size="xs"
              variant="default"
              aria-label={texts.of(common.remove, name)}
              loading={remove.isPending}
              onClick={() => {
                remove.mutate();
              }}
            >
              {common.remove}
            </Button>
          </Group>
        )}
        <WriteProblem error={enable.error ?? remove.error} />
      </Table.Td>
    </Table.Tr>
  );
}
