import { Button, Group, PasswordInput, Table, Text } from "@mantine/core";
import type { UpdateUser, User } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { Since } from "../common/since";
import { SureButton } from "../common/sure-button";
import { useAccessTexts } from "../texts/use-access-texts";
import { useTexts } from "../texts/use-texts";
import { RoleSelect } from "./role-select";

/** One person: another role, another password, or out. */
export function UserRow({ user }: { user: User }) {
  const client = useClient();
  const queries = useQueryClient();
  const { users: texts } = useAccessTexts();
  const { common } = useTexts();
  const [isResetting, setResetting] = useState(false);
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
        {user.issuer !== null && (
          <Text size="xs" c="dimmed">
            {texts.ofProvider(new URL(user.issuer).host)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <RoleSelect
          size="xs"
          w={150}
          aria-label={texts.roleOf(user.name)}
          value={user.role}
          disabled={update.isPending || user.issuer !== null}
          onChange={(role) => {
            if (role !== user.role) update.mutate({ role });
          }}
        />
      </Table.Td>
      <Table.Td>{user.signedInAt === null ? texts.never : <Since moment={user.signedInAt} />}</Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end">
          {user.issuer === null && (
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
          )}
          <SureButton
            label={common.remove}
            labelOf={`${common.remove} ${user.name}`}
            sure={texts.removeSure}
            isPending={remove.isPending}
            onSure={() => {
              remove.mutate();
            }}
          />
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
