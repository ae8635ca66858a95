import { Button, Group, PasswordInput, Select, Table, Text } from "@mantine/core";
import { ROLES, type UpdateUser, type User } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { Since } from "../common/since";
import { useAccessTexts } from "../texts/use-access-texts";
import { useTexts } from "../texts/use-texts";

/** One person: another role, another password, or out. */
export function UserRow({ user }: { user: User }) {
  const client = useClient();
  const queries = useQueryClient();
  const { users: texts } = useAccessTexts();
  const { keys, common } = useTexts();
  const [isResetting, setResetting] = useState(false);
  const [isSure, setSure] = useState(false);
  const onSettled = () => queries.invalidateQueries({ queryKey: ["users"] });
  const update = useMutation({ mutationFn: (change: UpdateUser) => client.users.update(user.id, change), onSettled });
  const remove = useMutation({ mutationFn: () => client.users.delete(user.id), onSettled });
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {user.name}
        </Text>
        <Since moment={user.createdAt} />
      </Table.Td>
      <Table.Td>
        <Select
          size="xs"
          w={150}
          aria-label={texts.roleOf(user.name)}
          allowDeselect={false}
          value={user.role}
          disabled={update.isPending}
          data={ROLES.map((value) => ({ value, label: keys.roles[value] }))}
          onChange={(value) => {
            const role = ROLES.find((known) => known === value);
            if (role && role !== user.role) update.mutate({ role });
          }}
        />
      </Table.Td>
      <Table.Td>{user.signedInAt === null ? texts.never : <Since moment={user.signedInAt} />}</Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end">
          <Button
            size="xs"
            variant="default"
            aria-expanded={isResetting}
            aria-label={texts.resetOf(user.name)}
            onClick={() => {
              setResetting(!isResetting);
            }}
          >
            {texts.reset}
          </Button>
          <Button
            size="xs"
            variant={isSure ? "filled" : "default"}
            color={isSure ? "red" : undefined}
            aria-label={isSure ? texts.removeSure : `${common.remove} ${user.name}`}
            loading={remove.isPending}
            onBlur={() => {
              setSure(false);
            }}
            onClick={() => {
              if (isSure) remove.mutate();
              else setSure(true);
            }}
          >
            {isSure ? texts.removeSure : common.remove}
          </Button>
        </Group>
        {isResetting && (
          <NewPassword
            isPending={update.isPending}
            onSet={(password) => {
              update.mutate({ password });
            }}
          />
        )}
        {update.isSuccess && update.variables.password !== undefined && (
          <Text size="xs" role="status" mt={4}>
            {texts.wasSet}
          </Text>
        )}
        <WriteProblem error={update.error ?? remove.error} />
      </Table.Td>
    </Table.Tr>
  );
}

function NewPassword({ isPending, onSet }: { isPending: boolean; onSet: (password: string) => void }) {
  const { users: texts } = useAccessTexts();
  const [password, setPassword] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSet(password);
        setPassword("");
      }}
    >
      <Group gap="xs" mt="xs" align="flex-end" justify="flex-end">
        <PasswordInput
          size="xs"
          w={200}
          label={texts.password}
          placeholder={texts.passwordHint}
          autoComplete="new-password"
          value={password}
          onChange={({ currentTarget: { value } }) => {
            setPassword(value);
          }}
        />
        <Button size="xs" type="submit" loading={isPending} disabled={password === ""}>
          {texts.set}
        </Button>
      </Group>
    </form>
  );
}
