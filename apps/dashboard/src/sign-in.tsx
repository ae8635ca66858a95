import { Alert, Button, Center, Divider, Paper, PasswordInput, Stack, TextInput, Title } from "@mantine/core";
import { FleetClient, type ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import type { SignInFailure } from "@mn316-fleet/contracts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Access } from "./session";
import type { Texts } from "./texts/en";
import { useTexts } from "./texts/use-texts";

interface Props {
  /** What was given before is not accepted, or no longer. */
  refused: Access["kind"] | undefined;
  /** Why nobody is signed in who comes back from the provider. */
  failure: SignInFailure | undefined;
  onAccess: (access: Access) => void;
}

/** Asks who is there: a person's name and password, somebody whom the provider knows, or an API key. */
export function SignIn({ refused, failure, onAccess }: Props) {
  const { signIn } = useTexts();
  const [hasTried, setHasTried] = useState(false);
  const word = refused ? { key: signIn.refused, person: signIn.over }[refused] : failure && signIn.failures[failure];
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" radius="md" w={420}>
        <Stack>
          <Title order={1} size="h3">
            {signIn.title}
          </Title>
          {word !== undefined && !hasTried && (
            <Alert color="red" role="alert">
              {word}
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
          <ProviderButton
            onTry={() => {
              setHasTried(true);
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

/** Leads to the OpenID provider, where the server knows one. */
function ProviderButton({ onTry }: { onTry: () => void }) {
  const texts = useTexts();
  const provider = useQuery({
    queryKey: ["sign-in-provider"],
    queryFn: ({ signal }) => new FleetClient({ baseUrl: "" }).session.provider({ signal }),
  });
  const attempt = useMutation({
    mutationFn: () => new FleetClient({ baseUrl: "", retries: 0 }).session.beginElsewhere(),
    onSuccess: ({ url }) => {
      location.assign(url);
    },
  });
  const host = provider.data?.host ?? undefined;
  if (host === undefined) return null;
  return (
    <>
      {attempt.error && (
        <Alert color="red" role="alert">
          {elsewhereWords(attempt.error, texts)}
        </Alert>
      )}
      <Button
        variant="default"
        loading={attempt.isPending || attempt.isSuccess}
        onClick={() => {
          onTry();
          attempt.mutate();
        }}
      >
        {texts.signIn.elsewhere(host)}
      </Button>
    </>
  );
}

function elsewhereWords(error: Error, texts: Texts): string {
  const { status } = error as Partial<ProblemResponseError>;
  return status === 503 ? texts.signIn.failures.provider : wordsFor(error, texts);
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
