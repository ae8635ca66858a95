import { Button, NumberInput, Stack, Table, Text, TextInput } from "@mantine/core";
import type { EnrollmentKey } from "@mn316-fleet/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { PageHeading } from "../common/page-heading";
import { PageList } from "../common/page-list";
import { ShownOnce } from "../common/shown-once";
import { Since } from "../common/since";
import { WriteForm } from "../common/write-form";
import { useSettingsTexts } from "../texts/use-settings-texts";
import { useTexts } from "../texts/use-texts";
import { agentCommand } from "./agent-command";

/** Brings devices into the fleet: a key by which an agent creates its device, and the very command that starts it. */
export function EnrollmentPage() {
  const client = useClient();
  const queries = useQueryClient();
  const { enrollment: texts } = useSettingsTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["enrollment-keys"],
    queryFn: ({ signal }) => client.enrollmentKeys.list({ signal }),
  });
  const remove = useMutation({
    mutationFn: (id: string) => client.enrollmentKeys.delete(id),
    onSettled: () => queries.invalidateQueries({ queryKey: ["enrollment-keys"] }),
  });
  return (
    <Stack maw={960}>
      <PageHeading title={texts.title} />
      <Text size="sm" c="dimmed" maw={720}>
        {texts.hint}
      </Text>
      <NewKey />
      <WriteProblem error={remove.error} />
      <PageList
        items={data?.items}
        error={error}
        retry={() => void refetch()}
        columns={[texts.name, texts.uses, texts.imeiPattern, texts.expires, texts.lastUsed, ""]}
        empty={texts.none}
        row={(key) => (
          <Row
            key={key.id}
            enrollmentKey={key}
            onRemove={() => {
              remove.mutate(key.id);
            }}
          />
        )}
      />
    </Stack>
  );
}

function NewKey() {
  const client = useClient();
  const queries = useQueryClient();
  const { enrollment: texts } = useSettingsTexts();
  const [name, setName] = useState("");
  const [maxUses, setMaxUses] = useState<number | string>("");
  const [imeiPattern, setImeiPattern] = useState("");
  const create = useMutation({
    mutationFn: () =>
      client.enrollmentKeys.create({
        name,
        ...(maxUses !== "" && { maxUses: Number(maxUses) }),
        ...(imeiPattern !== "" && { imeiPattern }),
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["enrollment-keys"] }),
  });
  return (
    <WriteForm
      title={texts.new}
      submit={texts.create}
      write={create}
      result={create.data && <Command enrollmentKey={create.data.key} />}
    >
      <TextInput
        label={texts.name}
        required
        value={name}
        onChange={({ currentTarget: { value } }) => {
          setName(value);
        }}
      />
      <NumberInput
        label={texts.maxUses}
        description={texts.maxUsesHint}
        min={1}
        value={maxUses}
        onChange={setMaxUses}
      />
      <TextInput
        label={texts.imeiPattern}
        description={texts.imeiPatternHint}
        placeholder="8662*"
        value={imeiPattern}
        onChange={({ currentTarget: { value } }) => {
          setImeiPattern(value);
        }}
      />
    </WriteForm>
  );
}

/** What is typed beside the module. */
function Command({ enrollmentKey }: { enrollmentKey: string }) {
  const { enrollment: texts } = useSettingsTexts();
  return (
    <ShownOnce label={texts.command} value={agentCommand(location.origin, enrollmentKey)}>
      <Text size="xs" c="dimmed">
        {texts.shownOnce}
      </Text>
    </ShownOnce>
  );
}

function Row({ enrollmentKey: key, onRemove }: { enrollmentKey: EnrollmentKey; onRemove: () => void }) {
  const { enrollment: texts } = useSettingsTexts();
  const { locale, common } = useTexts();
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {key.name}
        </Text>
        <Text size="xs" c="dimmed">
          {common.by(key.createdBy)}
        </Text>
      </Table.Td>
      <Table.Td>{texts.usesOf(key.uses, key.maxUses)}</Table.Td>
      <Table.Td>{key.imeiPattern ?? "–"}</Table.Td>
      <Table.Td>{key.expiresAt === null ? "–" : new Date(key.expiresAt).toLocaleString(locale)}</Table.Td>
      <Table.Td>{key.lastUsedAt === null ? "–" : <Since moment={key.lastUsedAt} />}</Table.Td>
      <Table.Td>
        <Button size="xs" variant="default" aria-label={`${common.remove} ${key.name}`} onClick={onRemove}>
          {common.remove}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}
