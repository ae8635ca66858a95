import { Alert, Button, Paper, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { PageHeading } from "../common/page-heading";
import { useCaller } from "../shell/use-caller";
import { useAccessTexts } from "../texts/use-access-texts";

/** Another password for the person at this page. */
export function PasswordPage() {
  const caller = useCaller();
  const { password: texts } = useAccessTexts();
  return (
    <Stack maw={480}>
      <PageHeading title={texts.title} />
      {caller?.kind === "api-key" && (
        <Text size="sm" c="dimmed">
          {texts.keyOnly}
        </Text>
      )}
      {caller?.kind === "user" && <PasswordForm />}
    </Stack>
  );
}

function PasswordForm() {
  const client = useClient();
  const { password: texts, users } = useAccessTexts();
  const [currentPassword, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const change = useMutation({
    mutationFn: () => client.session.changePassword({ currentPassword, password }),
    onSuccess: () => {
      setCurrent("");
      setPassword("");
    },
  });
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Stack gap="sm">
          <PasswordInput
            label={texts.current}
            required
            autoComplete="current-password"
            value={currentPassword}
            onChange={({ currentTarget: { value } }) => {
              setCurrent(value);
            }}
          />
          <PasswordInput
            label={texts.next}
            placeholder={users.passwordHint}
            required
            autoComplete="new-password"
            value={password}
            onChange={({ currentTarget: { value } }) => {
              setPassword(value);
            }}
          />
          <WriteProblem error={change.error} />
          {change.isSuccess && <Alert color="teal" role="status" title={texts.changed} />}
          <Button type="submit" w="fit-content" loading={change.isPending}>
            {texts.change}
          </Button>
        </Stack>
      </form>
    </Paper>
  );
}
