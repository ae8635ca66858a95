import { Alert, Button, Center, Divider, Paper, PasswordInput, Stack, TextInput, Title } from "@mantine/core";
import { FleetClient, type ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Access } from "./session";
import type { Texts } from "./texts/en";
import { useTexts } from "./texts/use-texts";

interface Props {
  /** What was given before is not accepted, or no longer. */
  refused: Access["kind"] | undefined;
  onAccess: (access: Access) => void;
}

/** Asks who is there: a person's name and password, or an API key. */
export function SignIn({ refused, onAccess }: Props) {
  const { signIn } = useTexts();
  const [hasTried, setHasTried] = useState(false);
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" radius="md" w={420}>
        <Stack>
          <Title order={1} size="h3">
            {signIn.title}
          </Title>
          {refused && !hasTried && (
            <Alert color="red" role="alert">
              {refused === "key" ? signIn.refused : signIn.over}
            </Alert>
          )}
          <PersonForm
            onTry={() => {
              setHasTried(true);
            }}
            onSignedIn={() => {
              onAccess({ kind: "person" });
            }}
          />
          <Divider label={signIn.or} />
          <KeyForm
            onKey={(key) => {
              onAccess({ kind: "key", key });
            }}
          />
        </Stack>
      </Paper>
    </Center>
  );
}

function PersonForm({ onTry, onSignedIn }: { onTry: () => void; onSignedIn: () => void }) {
  const texts = useTexts();
  const { signIn } = texts;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const attempt = useMutation({
    mutationFn: () => new FleetClient({ baseUrl: "" }).session.signIn({ name: name.trim(), password }),
    onSuccess: onSignedIn,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() === "" || password === "") return;
        onTry();
        attempt.mutate();
      }}
    >
      <Stack>
        {attempt.error && (
          <Alert color="red" role="alert">
            {wordsFor(attempt.error, texts)}
          </Alert>
        )}
        <TextInput
          label={signIn.name}
          value={name}
          autoFocus
          autoComplete="username"
          onChange={(event) => {
            setName(event.currentTarget.value);
          }}
        />
        <PasswordInput
          label={signIn.password}
          value={password}
          autoComplete="current-password"
          onChange={(event) => {
            setPassword(event.currentTarget.value);
          }}
        />
        <Button type="submit" loading={attempt.isPending}>
          {signIn.submit}
        </Button>
      </Stack>
    </form>
  );
}

function wordsFor(error: Error, { signIn, failed, unreachable }: Texts): string {
  const { status } = error as Partial<ProblemResponseError>;
  if (status === 401) return signIn.wrong;
  if (status === 429) return signIn.tooOften;
  return error instanceof UnreachableError ? unreachable : `${failed} ${error.message}`;
}

function KeyForm({ onKey }: { onKey: (key: string) => void }) {
  const { signIn } = useTexts();
  const [key, setKey] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() !== "") onKey(key.trim());
      }}
    >
      <Stack>
        <PasswordInput
          label={signIn.key}
          description={signIn.hint}
          value={key}
          autoComplete="off"
          onChange={(event) => {
            setKey(event.currentTarget.value);
          }}
        />
        <Button type="submit" variant="default">
          {signIn.submitKey}
        </Button>
      </Stack>
    </form>
  );
}
