import { Badge, Button, Group, Paper, Select, Stack, Table, TagsInput, Text, TextInput, Title } from "@mantine/core";
import type { Silence } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { useEndlessList } from "../common/endless-list";
import { WriteProblem } from "../common/field-errors";
import { PageList } from "../common/page-list";
import { mayAs, useCaller } from "../shell/use-caller";
import { useAlertsTexts } from "../texts/use-alerts-texts";
import { useTexts } from "../texts/use-texts";
import { useRules } from "./use-choices";

const REFRESH_MS = 10_000;
const HOUR_MS = 3_600_000;

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

/** As `datetime-local` has it: by the browser's clock. */
const inAnHour = () => {
  const at = new Date(Date.now() + HOUR_MS);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

function NewSilence() {
  const client = useClient();
  const queries = useQueryClient();
  const { silences: texts } = useAlertsTexts();
  const rules = useRules();
  const [ruleId, setRuleId] = useState<string | null>(null);
  const [tags, setTags] = useState<string[]>([]);
  const [to, setTo] = useState(inAnHour);
  const [reason, setReason] = useState("");
  const create = useMutation({
    mutationFn: () =>
      client.silences.create({
        ...(ruleId !== null && { ruleId }),
        // A rule alone covers its jobs, too, which no selector of devices does.
        ...(tags.length > 0 ? { selector: { tags } } : ruleId === null && { selector: { all: true } }),
        to: new Date(to).toISOString(),
        reason,
      }),
    onSuccess: async () => {
      setReason("");
      await queries.invalidateQueries({ queryKey: ["silences"] });
    },
  });
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <Stack gap="sm">
          <Title order={2} size="h5">
            {texts.new}
          </Title>
          <Group align="flex-end" grow preventGrowOverflow={false}>
            <Select
              label={texts.rule}
              placeholder={texts.anyRule}
              clearable
              value={ruleId}
              data={rules.map(({ id, name }) => ({ value: id, label: name }))}
              onChange={setRuleId}
            />
            <TagsInput
              label={texts.tags}
              placeholder={tags.length === 0 ? texts.allDevices : ""}
              acceptValueOnBlur
              value={tags}
              onChange={setTags}
            />
            <TextInput
              type="datetime-local"
              label={texts.to}
              required
              value={to}
              onChange={({ currentTarget: { value } }) => {
                setTo(value);
              }}
            />
            <TextInput
              label={texts.reason}
              required
              value={reason}
              onChange={({ currentTarget: { value } }) => {
                setReason(value);
              }}
            />
          </Group>
          <WriteProblem error={create.error} />
          <Button type="submit" w="fit-content" loading={create.isPending}>
            {texts.create}
          </Button>
        </Stack>
      </form>
    </Paper>
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
