import { Badge, Button, Stack, Table, Text, TextInput } from "@mantine/core";
import type { ApiKey, Role } from "@mn316-fleet/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { RoleSelect } from "../access/role-select";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { PageHeading } from "../common/page-heading";
import { PageList } from "../common/page-list";
import { ShownOnce } from "../common/shown-once";
import { Since } from "../common/since";
import { WriteForm } from "../common/write-form";
import { useSettingsTexts } from "../texts/use-settings-texts";
import { useTexts } from "../texts/use-texts";

/** Who may call the API, and as what. */
export function KeysPage() {
  const client = useClient();
  const queries = useQueryClient();
  const { keys: texts } = useSettingsTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["api-keys"],
    queryFn: ({ signal }) => client.apiKeys.list({ signal }),
  });
  const remove = useMutation({
    mutationFn: (id: string) => client.apiKeys.delete(id),
    onSettled: () => queries.invalidateQueries({ queryKey: ["api-keys"] }),
  });
  return (
    <Stack maw={960}>
      <PageHeading title={texts.title} />
      <NewKey />
      <WriteProblem error={remove.error} />
      <PageList
        items={data?.items}
        error={error}
        retry={() => void refetch()}
        columns={[texts.name, texts.role, texts.expires, texts.lastUsed, ""]}
        empty={texts.none}
        row={(key) => (
          <Row
            key={key.id}
            apiKey={key}
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
  const { keys: texts } = useSettingsTexts();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [expiresOn, setExpiresOn] = useState("");
  const create = useMutation({
    mutationFn: () =>
      client.apiKeys.create({
        ...{ name, role },
        ...(expiresOn !== "" && { expiresAt: new Date(`${expiresOn}T23:59:59`).toISOString() }),
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["api-keys"] }),
  });
  return (
    <WriteForm
      title={texts.new}
      submit={texts.create}
      write={create}
      result={create.data && <ShownOnce label={texts.shownOnce} value={create.data.key} />}
    >
      <TextInput
        label={texts.name}
        required
        value={name}
        onChange={({ currentTarget: { value } }) => {
          setName(value);
        }}
      />
      <RoleSelect label={texts.role} description={texts.roleHint} value={role} onChange={setRole} />
      <TextInput
        type="date"
        label={texts.expires}
        description={texts.expiresHint}
        value={expiresOn}
        onChange={({ currentTarget: { value } }) => {
          setExpiresOn(value);
        }}
      />
    </WriteForm>
  );
}

function Row({ apiKey: key, onRemove }: { apiKey: ApiKey; onRemove: () => void }) {
  const { keys: texts } = useSettingsTexts();
  const { locale, common } = useTexts();
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {key.name}
        </Text>
        <Since moment={key.createdAt} />
      </Table.Td>
      <Table.Td>
        <Badge variant="light" tt="none" color={key.role === "admin" ? "orange" : "cyan"}>
          {texts.roles[key.role]}
        </Badge>
      </Table.Td>
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
