import { Badge, Button, Stack, Table, Text } from "@mantine/core";
import type { Silence } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { useEndlessList } from "../common/endless-list";
import { PageList } from "../common/page-list";
import { mayAs, useCaller } from "../shell/use-caller";
import { useAlertsTexts } from "../texts/use-alerts-texts";
import { useTexts } from "../texts/use-texts";
import { NewSilence } from "./new-silence";
import { useRules } from "./use-choices";

const REFRESH_MS = 10_000;

/** Who need not be told for a while. */
export function SilencesTab() {
  const client = useClient();
  const caller = useCaller();
  const { silences: texts, state } = useAlertsTexts();
  const list = useEndlessList({
    queryKey: ["silences"],
    list: ({ cursor, signal }) => client.silences.list({ cursor }, { signal }),
    refreshMs: REFRESH_MS,
  });
  return (
    <Stack>
      {mayAs(caller?.role, "operator") && <NewSilence />}
      <PageList
        {...list}
        columns={[texts.rule, texts.tags, texts.to, texts.reason, state, ""]}
        empty={texts.none}
        row={(silence) => <Row key={silence.id} silence={silence} />}
      />
    </Stack>
  );
}

function Row({ silence: { id, ruleId, selector, from, to, isActive, reason, createdBy } }: { silence: Silence }) {
  const client = useClient();
  const queries = useQueryClient();
  const caller = useCaller();
  const { silences: texts, of } = useAlertsTexts();
  const { common, locale } = useTexts();
  const rules = useRules();
  const remove = useMutation({
    mutationFn: () => client.silences.delete(id),
    onSettled: () => queries.invalidateQueries({ queryKey: ["silences"] }),
  });
  const isAhead = Date.parse(from) > Date.now();
  const rule = ruleId === null ? texts.anyRule : (rules.find((known) => known.id === ruleId)?.name ?? ruleId);
  return (
    <Table.Tr>
      <Table.Td>{rule}</Table.Td>
      <Table.Td>{selectorInWords(selector, texts.allDevices)}</Table.Td>
      <Table.Td>{new Date(to).toLocaleString(locale)}</Table.Td>
      <Table.Td>
        <Text size="sm">{reason}</Text>
        <Text size="xs" c="dimmed">
          {common.by(createdBy)}
        </Text>
        {remove.error && (
          <Text size="xs" c="red" role="alert">
            {remove.error.message}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Badge variant="light" tt="none" color={isActive ? "orange" : "gray"}>
          {isActive ? texts.active : isAhead ? texts.ahead : texts.past}
        </Badge>
      </Table.Td>
      <Table.Td>
        {(isActive || isAhead) && mayAs(caller?.role, "operator") && (
          <Button
            size="xs"
            variant="default"
            aria-label={of(texts.end, reason)}
            loading={remove.isPending}
            onClick={() => {
              remove.mutate();
            }}
          >
            {texts.end}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function selectorInWords(selector: Silence["selector"], all: string): string {
  if (selector === null || selector.all === true) return all;
  return Array.isArray(selector.tags) && Object.keys(selector).length === 1
    ? selector.tags.join(", ")
    : JSON.stringify(selector);
}
