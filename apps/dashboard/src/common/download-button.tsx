import { Button, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { saveAsFile } from "./download";

interface Props {
  label: string;
  /** What it is called for those who cannot see beside what it stands. */
  name: string;
  file: string;
  load: () => Promise<Response>;
}

/** Has the server write a file, and saves it. */
export function DownloadButton({ label, name, file, load }: Props) {
  const save = useMutation({ mutationFn: () => saveAsFile(load(), file) });
  return (
    <>
      {save.error && (
        <Text size="xs" c="red" role="alert">
          {save.error.message}
        </Text>
      )}
      <Button
        size="compact-xs"
        variant="subtle"
        aria-label={name}
        loading={save.isPending}
        onClick={() => {
          save.mutate();
        }}
      >
        {label}
      </Button>
    </>
  );
}
