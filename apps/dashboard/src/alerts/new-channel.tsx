import { Button, Code, Group, Paper, SegmentedControl, Stack, TagsInput, Text, TextInput, Title } from "@mantine/core";
import { type AlertChannel, CHANNEL_KINDS } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { useAlertsTexts } from "../texts/use-alerts-texts";

/** Makes a webhook or an e-mail channel. */
export function NewChannel() {
  const client = useClient();
  const queries = useQueryClient();
  const { channels: texts, name: nameLabel } = useAlertsTexts();
  const [kind, setKind] = useState<AlertChannel["kind"]>("webhook");
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [to, setTo] = useState<string[]>([]);
  const create = useMutation({
    mutationFn: () => client.alertChannels.create(kind === "webhook" ? { kind, name, url } : { kind, name, to }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["alert-channels"] }),
  });
  return (
    <Paper withBorder p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <Stack gap="sm">
          <Title order={2} size="h5">
            {texts.new}
          </Title>
          <SegmentedControl
            w="fit-content"
            aria-label={texts.kind}
            value={kind}
            data={CHANNEL_KINDS.map((value) => ({ value, label: texts.kinds[value] }))}
            onChange={(value) => {
              setKind(CHANNEL_KINDS.find((known) => known === value) ?? "webhook");
            }}
          />
          <Group align="flex-start" grow preventGrowOverflow={false}>
            <TextInput
              label={nameLabel}
              required
              value={name}
              onChange={({ currentTarget: { value } }) => {
                setName(value);
              }}
            />
            {kind === "webhook" ? (
              <TextInput
                label={texts.url}
                placeholder="https://"
                type="url"
                required
                value={url}
                onChange={({ currentTarget: { value } }) => {
                  setUrl(value);
                }}
              />
            ) : (
              <TagsInput label={texts.to} description={texts.toHint} acceptValueOnBlur value={to} onChange={setTo} />
            )}
          </Group>
          <WriteProblem error={create.error} />
          <Button type="submit" w="fit-content" loading={create.isPending}>
            {texts.new}
          </Button>
          {create.data?.secret !== undefined && (
            <div role="status">
              <Text size="sm">{texts.secret}</Text>
              <Code block>{create.data.secret}</Code>
            </div>
          )}
        </Stack>
      </form>
    </Paper>
  );
}
