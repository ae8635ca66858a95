import { Alert, Button, Center, Paper, PasswordInput, Stack, Title } from "@mantine/core";
import { useState } from "react";
import { useTexts } from "./texts/use-texts";

interface Props {
  /** The key that was given before was refused. */
  isRefused: boolean;
  onKey: (key: string) => void;
}

/** Asks for an API key. */
export function SignIn({ isRefused, onKey }: Props) {
  const { signIn } = useTexts();
  const [key, setKey] = useState("");
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper
        component="form"
        withBorder
        p="xl"
        radius="md"
        w={420}
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== "") onKey(key.trim());
        }}
      >
        <Stack>
          <Title order={1} size="h3">
            {signIn.title}
          </Title>
          {isRefused && (
            <Alert color="red" role="alert">
              {signIn.refused}
            </Alert>
          )}
          <PasswordInput
            label={signIn.key}
            description={signIn.hint}
            value={key}
            autoFocus
            autoComplete="off"
            onChange={(event) => {
              setKey(event.currentTarget.value);
            }}
          />
          <Button type="submit">{signIn.submit}</Button>
        </Stack>
      </Paper>
    </Center>
  );
}
