import { Button, Group, Paper, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { WriteProblem } from "./field-errors";

interface Props {
  title: string;
  /** What the button that writes says. */
  submit: string;
  /** What the button beside it says that writes nothing; there is none without `onCancel`. */
  cancel?: string;
  /** What is done when the form is sent, how far it is, and what the last attempt was refused for. */
  write: { mutate: () => void; isPending: boolean; error: Error | null };
  onCancel?: () => void;
  children: ReactNode;
  /** What is to be seen of what was written, below the buttons. */
  result?: ReactNode;
}

/** The frame of every form that makes or changes one thing: its fields, what is wrong with them, and the buttons. */
export function WriteForm(props: Props) {
  const { title, submit, cancel, write, onCancel, children, result } = props;
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          write.mutate();
        }}
      >
        <Stack gap="sm">
          <Title order={2} size="h5">
            {title}
          </Title>
          {children}
          <WriteProblem error={write.error} />
          <Group>
            <Button type="submit" loading={write.isPending}>
              {submit}
            </Button>
            {onCancel && (
              <Button variant="default" onClick={onCancel}>
                {cancel}
              </Button>
            )}
          </Group>
          {result}
        </Stack>
      </form>
    </Paper>
  );
}
