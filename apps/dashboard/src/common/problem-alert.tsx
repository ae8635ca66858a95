import { Alert, Button, Group, Text } from "@mantine/core";
import { ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import { useTexts } from "../texts/use-texts";

/** What went wrong with a query, and a way to try again. */
export function ProblemAlert({ error, retry }: { error: Error; retry: () => void }) {
  const texts = useTexts();
  if (error instanceof UnreachableError) return null; // the banner of the page tells
  if (error instanceof ProblemResponseError && error.status === 401) return null; // the page is about to ask for a key
  return (
    <Alert color="red" role="alert" mb="md">
      <Group justify="space-between">
        <Text size="sm">
          {texts.failed} {error.message}
        </Text>
        <Button size="xs" variant="default" onClick={retry}>
          {texts.retry}
        </Button>
      </Group>
    </Alert>
  );
}
