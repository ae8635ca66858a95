import { Button, Code, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../../client-context";
import { WriteProblem } from "../../common/field-errors";
import { ProblemAlert } from "../../common/problem-alert";
import { SureButton } from "../../common/sure-button";
import { mayAs, useCaller } from "../../shell/use-caller";
import { useAccessTexts } from "../../texts/use-access-texts";
import { useTexts } from "../../texts/use-texts";

/** The certificates of which the device has to show one beside its token. */
export function Certificates({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const { locale } = useTexts();
  const { certificates: texts } = useAccessTexts();
  const queries = useQueryClient();
  const queryKey = ["certificates", deviceId];
  const { data, error, refetch } = useQuery({
    queryKey,
    queryFn: ({ signal }) => client.devices.certificates(deviceId, { signal }),
  });
  const unbind = useMutation({
    mutationFn: () => client.devices.unbindCertificate(deviceId),
    onSettled: () => queries.invalidateQueries({ queryKey }),
  });
  const isOperator = mayAs(useCaller()?.role, "operator");
  const isBound = data !== undefined && data.items.length > 0;
  return (
    <Stack gap={6} component="section" aria-label={texts.title}>
      <Title order={3} size="h5">
        {texts.title}
      </Title>
      {error && <ProblemAlert error={error} retry={() => void refetch()} />}
      {data && (
        <Text size="sm" c="dimmed">
          {isBound ? texts.bound : texts.none}
        </Text>
      )}
      {data?.items.map(({ sha256, expiresAt }) => (
        <Group key={sha256} gap="xs">
          <Code style={{ overflowWrap: "anywhere" }}>{sha256}</Code>
          {expiresAt !== null && <Text size="xs">{texts.until(new Date(expiresAt).toLocaleString(locale))}</Text>}
        </Group>
      ))}
      {isOperator && <BindForm deviceId={deviceId} />}
      {isOperator && isBound && (
        <SureButton
          label={texts.unbind}
          sure={texts.unbindSure}
          isPending={unbind.isPending}
          onSure={() => {
            unbind.mutate();
          }}
        />
      )}
      <WriteProblem error={unbind.error} />
    </Stack>
  );
}

function BindForm({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const queries = useQueryClient();
  const { certificates: texts } = useAccessTexts();
  const [sha256, setSha256] = useState("");
  const bind = useMutation({
    mutationFn: () => client.devices.bindCertificate(deviceId, { sha256: sha256.trim() }),
    onSuccess: () => {
      setSha256("");
      return queries.invalidateQueries({ queryKey: ["certificates", deviceId] });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        bind.mutate();
      }}
    >
      <Stack gap={6}>
        <Group align="flex-end" gap="xs">
          <TextInput
            size="xs"
            flex={1}
            label={texts.sha256}
            description={texts.overlap}
            value={sha256}
            onChange={({ currentTarget: { value } }) => {
              setSha256(value);
            }}
          />
          <Button size="xs" variant="default" type="submit" loading={bind.isPending} disabled={sha256.trim() === ""}>
            {texts.bind}
          </Button>
        </Group>
        <WriteProblem error={bind.error} />
      </Stack>
    </form>
  );
}
