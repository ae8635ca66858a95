import { Group, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** The name of a page, and beside it what can be done there. */
export function PageHeading({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <Group justify="space-between" align="center">
      <Title order={1} size="h2">
        {title}
      </Title>
      <Group gap="xs">{children}</Group>
    </Group>
  );
}
