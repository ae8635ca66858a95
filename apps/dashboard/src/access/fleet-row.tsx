import { Badge, Button, Group, Table, Text, TextInput } from "@mantine/core";
import type { Fleet } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { Since } from "../common/since";
import { SureButton } from "../common/sure-button";
import { useAccessTexts } from "../texts/use-access-texts";
import { useTexts } from "../texts/use-texts";

/** One tenant: another name, or gone where it has no devices. */
export function FleetRow({ fleet }: { fleet: Fleet }) {
  const client = useClient();
  const queries = useQueryClient();
  const { fleets: texts } = useAccessTexts();
  const { common } = useTexts();
  const [newName, setNewName] = useState<string>();
  const onSettled = () => queries.invalidateQueries({ queryKey: ["fleets"] });
  const rename = useMutation({
    mutationFn: (name: string) => client.fleets.rename(fleet.id, { name }),
    onSuccess: () => {
      setNewName(undefined);
    },
    onSettled,
  });
  const remove = useMutation({ mutationFn: () => client.fleets.delete(fleet.id), onSettled });
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {fleet.name}
          </Text>
          {fleet.isHost && (
            <Badge variant="light" tt="none">
              {texts.host}
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <Since moment={fleet.createdAt} />
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end">
          <Button
            size="xs"
            variant="default"
            aria-expanded={newName !== undefined}
            aria-label={texts.renameOf(fleet.name)}
            onClick={() => {
              setNewName(newName === undefined ? fleet.name : undefined);
            }}
          >
            {texts.rename}
          </Button>
          {!fleet.isHost && (
            <SureButton
              label={common.remove}
              labelOf={`${common.remove} ${fleet.name}`}
              sure={texts.removeSure}
              isPending={remove.isPending}
              onSure={() => {
                remove.mutate();
              }}
            />
          )}
        </Group>
        {newName !== undefined && (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              rename.mutate(newName);
            }}
          >
            <Group gap="xs" mt="xs" align="flex-end" justify="flex-end">
              <TextInput
                size="xs"
                w={200}
                label={texts.name}
                value={newName}
                onChange={({ currentTarget: { value } }) => {
                  setNewName(value);
                }}
              />
              <Button size="xs" type="submit" loading={rename.isPending}>
                {texts.set}
              </Button>
            </Group>
          </form>
        )}
        <WriteProblem error={rename.error ?? remove.error} />
      </Table.Td>
    </Table.Tr>
  );
}
