import { Alert, Button, Group, Stack, Table, Text } from "@mantine/core";
import type { AlertChannel } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { useEndlessList } from "../common/endless-list";
import { PageList } from "../common/page-list";
import { Since } from "../common/since";
import { mayAs, useCaller } from "../shell/use-caller";
import { useAlertsTexts } from "../texts/use-alerts-texts";
import { useTexts } from "../texts/use-texts";
import { ChannelEditor } from "./channel-editor";

const REFRESH_MS = 15_000;

/** Where alerts are told. */
export function ChannelsTab() {
  const client = useClient();
  const caller = useCaller();
  const { channels: texts, name } = useAlertsTexts();
  const [edited, setEdited] = useState<AlertChannel>();
  const list = useEndlessList({
    queryKey: ["alert-channels"],
    list: ({ cursor, signal }) => client.alertChannels.list({ cursor }, { signal }),
    refreshMs: REFRESH_MS,
  });
  return (
    <Stack>
      {mayAs(caller?.role, "admin") ? (
        <ChannelEditor
          key={edited?.id}
          {...(edited && {
            channel: edited,
            onDone: () => {
              setEdited(undefined);
            },
          })}
        />
      ) : (
        <Text size="sm" c="dimmed">
          {texts.adminsOnly}
        </Text>
      )}
      <PageList
        {...list}
        columns={[name, texts.kind, texts.to, ""]}
        empty={texts.none}
        row={(channel) => (
          <Row
            key={channel.id}
            channel={channel}
            onEdit={() => {
              setEdited(channel);
            }}
          />
        )}
      />
    </Stack>
  );
}

function Row({ channel, onEdit }: { channel: AlertChannel; onEdit: () => void }) {
  const client = useClient();
  const queries = useQueryClient();
  const caller = useCaller();
  const { channels: texts, of, edit } = useAlertsTexts();
  const { common } = useTexts();
  const { id, name, kind, url, to, version, updatedAt } = channel;
  const test = useMutation({ mutationFn: () => client.alertChannels.test(id) });
  const remove = useMutation({
    mutationFn: () => client.alertChannels.delete(id, version),
    onSettled: () => queries.invalidateQueries({ queryKey: ["alert-channels"] }),
  });
  const error = test.error ?? remove.error;
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Since moment={updatedAt} />
      </Table.Td>
      <Table.Td>{texts.kinds[kind]}</Table.Td>
      <Table.Td style={{ wordBreak: "break-all" }}>{url ?? to?.join(", ")}</Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end">
          {mayAs(caller?.role, "operator") && (
            <Button
              size="xs"
              variant="default"
              aria-label={of(texts.test, name)}
              loading={test.isPending}
              onClick={() => {
                test.mutate();
              }}
            >
              {texts.test}
            </Button>
          )}
          {mayAs(caller?.role, "admin") && (
            <>
              <Button size="xs" variant="default" aria-label={of(edit, name)} onClick={onEdit}>
                {edit}
              </Button>
              <Button
                size="xs"
                variant="default"
                aria-label={of(common.remove, name)}
                loading={remove.isPending}
                onClick={() => {
                  remove.mutate();
                }}
              >
                {common.remove}
              </Button>
            </>
          )}
        </Group>
        {test.data?.isDelivered === true && <Alert color="teal" role="status" p="xs" mt="xs" title={texts.delivered} />}
        {test.data?.isDelivered === false && (
          <Alert color="red" role="alert" p="xs" mt="xs">
            {texts.notDelivered(test.data.error ?? "")}
          </Alert>
        )}
        {error && (
          <Alert color="red" role="alert" p="xs" mt="xs">
            {error.message}
          </Alert>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
