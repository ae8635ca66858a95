import { Group, SegmentedControl, TagsInput, TextInput } from "@mantine/core";
import { type AlertChannel, CHANNEL_KINDS } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { ShownOnce } from "../common/shown-once";
import { WriteForm } from "../common/write-form";
import { useAlertsTexts } from "../texts/use-alerts-texts";

interface Props {
  /** The channel that is changed; a new one is made without it. */
  channel?: AlertChannel;
  /** Called when a channel was changed, or stays as it is. */
  onDone?: () => void;
}

/** Makes a webhook or an e-mail channel, or changes one; a webhook keeps its secret unless it gets another. */
export function ChannelEditor({ channel, onDone }: Props) {
  const client = useClient();
  const queries = useQueryClient();
  const { channels: texts, name: nameLabel, of, edit, save, cancel } = useAlertsTexts();
  const [kind, setKind] = useState<AlertChannel["kind"]>(channel?.kind ?? "webhook");
  const [name, setName] = useState(channel?.name ?? "");
  const [url, setUrl] = useState(channel?.url ?? "");
  const [to, setTo] = useState<string[]>(channel?.to ?? []);
  const [secret, setSecret] = useState("");
  const write = useMutation({
    mutationFn: () => {
      const body = kind === "webhook" ? { kind, name, url, ...(secret !== "" && { secret }) } : { kind, name, to };
      return channel ? client.alertChannels.put(channel.id, body, channel.version) : client.alertChannels.create(body);
    },
    onSuccess: async (written) => {
      await queries.invalidateQueries({ queryKey: ["alert-channels"] });
      if (written.secret === undefined) onDone?.(); // else it must be seen first
    },
  });
  const made = write.data?.secret;
  return (
    <WriteForm
      title={channel ? of(edit, channel.name) : texts.new}
      submit={channel ? save : texts.new}
      cancel={cancel}
      write={write}
      {...(onDone && { onCancel: onDone })}
      result={made !== undefined && <ShownOnce label={texts.secret} value={made} />}
    >
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
      {kind === "webhook" && (
        <TextInput
          label={texts.ownSecret}
          description={channel?.kind === "webhook" ? texts.keepsSecret : texts.makesSecret}
          placeholder="whsec_"
          autoComplete="off"
          value={secret}
          onChange={({ currentTarget: { value } }) => {
            setSecret(value);
          }}
        />
      )}
    </WriteForm>
  );
}
