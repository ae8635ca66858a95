import { Group, PasswordInput, TextInput } from "@mantine/core";
import type { Role } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteForm } from "../common/write-form";
import { useAccessTexts } from "../texts/use-access-texts";
import { RoleSelect } from "./role-select";

/** Adds a person. */
export function NewUser() {
  const client = useClient();
  const queries = useQueryClient();
  const { users: texts } = useAccessTexts();
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
    <WriteForm title={texts.new} submit={texts.create} write={create}>
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
        <RoleSelect label={texts.role} value={role} onChange={setRole} />
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
    </WriteForm>
  );
}
