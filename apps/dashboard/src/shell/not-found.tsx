import { AnchorLink } from "../common/links";
import { Center, Stack, Text, Title } from "@mantine/core";
import { useTexts } from "../texts/use-texts";

/** An address that leads nowhere. */
export function NotFound() {
  const { shell } = useTexts();
  return (
    <Center py={80}>
      <Stack align="center" gap="xs">
        <Title order={2}>{shell.notFound}</Title>
        <Text c="dimmed">{shell.notFoundHint}</Text>
        <AnchorLink to="/">{shell.toFleet}</AnchorLink>
      </Stack>
    </Center>
  );
}
