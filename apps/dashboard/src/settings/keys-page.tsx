import { Badge, Button, Code, CopyButton, Paper, Select, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { type ApiKey, type Role, ROLES } from "@mn316-fleet/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { PageHeading } from "../common/page-heading";
import { PageList } from "../common/page-list";
import { Since } from "../common/since";
import { useTexts } from "../texts/use-texts";

/** Who may call the API, and as what. */
export function KeysPage() {
  const client = useClient();
  const queries = useQueryClient();
  const { keys: texts } = useTexts();
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
  const { keys: texts, common } = useTexts();
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
    <Paper withBorder p="md">
      <Stack
        gap="sm"
        component="form"
        {...{
          onSubmit: (event: React.SyntheticEvent) => {
            event.preventDefault();
            create.mutate();
          },
        }}
      >
        <Title order={2} size="h5">
          {texts.new}
        </Title>
        <TextInput
          label={texts.name}
          required
          value={name}
          onChange={({ currentTarget: { value } }) => {
            setName(value);
          }}
        />
        <Select
          label={texts.role}
          description={texts.roleHint}
          allowDeselect={false}
          value={role}
          data={ROLES.map((value) => ({ value, label: texts.roles[value] }))}
          onChange={(value) => {
            setRole(ROLES.find((known) => known === value) ?? "viewer");
          }}
        />
        <TextInput
          type="date"
          label={texts.expires}
          description={texts.expiresHint}
          value={expiresOn}
          onChange={({ currentTarget: { value } }) => {
            setExpiresOn(value);
          }}
        />
        <WriteProblem error={create.error} />
        <Button type="submit" loading={create.isPending} w="fit-content">
          {texts.create}
        </Button>
        {create.data && (
          <Stack gap="xs" role="status">
            <Text size="sm">{texts.shownOnce}</Text>
            <Code block>{create.data.key}</Code>
            <CopyButton value={create.data.key}>
              {({ copied, copy }) => (
                <Button size="xs" variant="default" w="fit-content" onClick={copy}>
                  {copied ? common.copied : common.copy}
                </Button>
              )}
            </CopyButton>
          </Stack>
        )}
      </Stack>
    </Paper>
  );
}

function Row({ apiKey: key, onRemove }: { apiKey: ApiKey; onRemove: () => void }) {
  const { keys: texts, locale, common } = useTexts();
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
