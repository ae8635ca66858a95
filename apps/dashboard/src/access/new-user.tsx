import { Button, Group, Paper, PasswordInput, Select, Stack, TextInput, Title } from "@mantine/core";
import { type Role, ROLES } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { useAccessTexts } from "../texts/use-access-texts";
import { useTexts } from "../texts/use-texts";

/** Adds a person. */
export function NewUser() {
  const client = useClient();
  const queries = useQueryClient();
  const { users: texts } = useAccessTexts();
  const { keys } = useTexts();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [password, setPassword] = useState("");
  const create = useMutation({
    mutationFn: () => client.users.create({ name, role, password }),
    onSuccess: async () => {
      setName("");
      setPassword("");
      await queries.invalidateQueries({ queryKey: ["users"] });
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
          <Group align="flex-start" grow preventGrowOverflow={false}>
            <TextInput
              label={texts.name}
              required
              autoComplete="off"
              value={name}
              onChange={({ currentTarget: { value } }) => {
                setName(value);
              }}
            />
            <Select
              label={texts.role}
              allowDeselect={false}
              value={role}
              data={ROLES.map((value) => ({ value, label: keys.roles[value] }))}
              onChange={(value) => {
                setRole(ROLES.find((known) => known === value) ?? "viewer");
              }}
            />
            <PasswordInput
              label={texts.password}
              placeholder={texts.passwordHint}
              required
              autoComplete="new-password"
              value={password}
              onChange={({ currentTarget: { value } }) => {
                setPassword(value);
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
