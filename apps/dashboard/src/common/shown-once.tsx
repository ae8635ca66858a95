import { Button, Code, CopyButton, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTexts } from "../texts/use-texts";

interface Props {
  /** What it is. */
  label: string;
  /** The secret, or what holds one, as it is copied. */
  value: string;
  children?: ReactNode;
}

/** What the server tells only this once, to be copied. */
export function ShownOnce({ label, value, children }: Props) {
  const { common } = useTexts();
  return (
    <Stack gap="xs" role="status">
      <Text size="sm">{label}</Text>
      <Code block>{value}</Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button size="xs" variant="default" w="fit-content" onClick={copy}>
            {copied ? common.copied : common.copy}
          </Button>
        )}
      </CopyButton>
      {children}
    </Stack>
  );
}
