import { Button, Group, Stack, Text, Title } from "@mantine/core";
import type { ConfigState } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../../client-context";
import { WriteProblem } from "../../common/field-errors";
import { JsonEditor, parseObject } from "../../common/json-editor";
import { useDeviceTexts } from "../../texts/use-device-texts";

const asText = (own: object | null) => JSON.stringify(own ?? {}, null, 2);

/** The device's own settings, which overlay its profiles. What was seen is what is written over: see `If-Match`. */
export function OwnSettings({ deviceId, state }: { deviceId: string; state: ConfigState }) {
  const client = useClient();
  const queries = useQueryClient();
  const { configuration: texts } = useDeviceTexts();
  const [text, setText] = useState(() => asText(state.own));
  const document = parseObject(text);
  const isChanged = document !== undefined && asText(document) !== asText(state.own);
  const onSuccess = () => queries.invalidateQueries({ queryKey: ["config", deviceId] });
  const write = useMutation({
    mutationFn: (own: object) => client.config.put(deviceId, own, state.version),
    onSuccess,
  });
  const remove = useMutation({ mutationFn: () => client.config.delete(deviceId, state.version), onSuccess });
  return (
    <Stack gap="sm">
      <Title order={2} size="h5">
        {texts.own}
      </Title>
      <Text size="sm" c="dimmed">
        {texts.ownHint}
      </Text>
      <JsonEditor label={texts.document} value={text} onChange={setText} />
      <WriteProblem error={write.error ?? remove.error} />
      <Group>
        <Button
          disabled={!isChanged}
          loading={write.isPending}
          onClick={() => {
            if (document) write.mutate(document);
          }}
        >
          {texts.write}
        </Button>
        {state.own !== null && (
          <Button
            variant="default"
            loading={remove.isPending}
            onClick={() => {
              remove.mutate();
            }}
          >
            {texts.removeOwn}
          </Button>
        )}
      </Group>
    </Stack>
  );
}
