import { Alert, Button, Group, NumberInput, Paper, Stack, TextInput } from "@mantine/core";
import type { ProfileDetail, ProfileEffect, WriteProfile, WriteProfileInput } from "@mn316-fleet/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { JsonEditor, parseObject } from "../common/json-editor";
import { useProfilesTexts } from "../texts/use-profiles-texts";
import { EffectPanel } from "./effect-panel";

const inText = (value: object) => JSON.stringify(value, null, 2);

/**
 * Writes a profile, after having shown what that does to devices.
 * @param draft what a new one begins with
 */
export function ProfileEditor({ profile, draft }: { profile?: ProfileDetail; draft?: WriteProfile | undefined }) {
  const client = useClient();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const texts = useProfilesTexts();
  const initial = profile ?? draft;
  const [name, setName] = useState(initial?.name ?? "");
  const [description, setDescription] = useState(initial?.description ?? "");
  const [priority, setPriority] = useState<number | string>(initial?.priority ?? 0);
  const [selector, setSelector] = useState(inText(initial?.selector ?? { tags: [""] }));
  const [template, setTemplate] = useState(inText(initial?.template ?? {}));
  const [effect, setEffect] = useState<ProfileEffect>();
  const body = (): WriteProfileInput => ({
    ...{ name, description, priority: Number(priority) },
    selector: parseObject(selector) ?? {},
    template: parseObject(template) ?? {},
  });
  const isWritable = parseObject(selector) !== undefined && parseObject(template) !== undefined;
  const write = useMutation({
    mutationFn: (dryRun: boolean) =>
      profile
        ? client.profiles.put(profile.id, body(), { version: profile.version, dryRun })
        : client.profiles.create(body(), { dryRun }),
    onSuccess: async (written, dryRun) => {
      setEffect(written.effect);
      if (dryRun) return;
      await queries.invalidateQueries({ queryKey: ["profiles"] });
      await navigate({ to: "/profiles/$id", params: { id: written.id } });
    },
  });
  const remove = useMutation({
    mutationFn: () => client.profiles.delete(profile?.id ?? "", { version: profile?.version }),
    onSuccess: async () => {
      await navigate({ to: "/profiles" });
      await queries.invalidateQueries({ queryKey: ["profiles"] });
    },
  });
  /** What was shown no longer fits what is written. */
  const edited =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      setEffect(undefined);
      set(value);
    };
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <TextInput
          label={texts.name}
          value={name}
          onChange={({ currentTarget: { value } }) => {
            edited(setName)(value);
          }}
        />
        <TextInput
          label={texts.description}
          value={description}
          onChange={({ currentTarget: { value } }) => {
            setDescription(value);
          }}
        />
        <NumberInput
          label={texts.priority}
          description={texts.priorityHint}
          value={priority}
          onChange={edited(setPriority)}
        />
        <JsonEditor
          label={texts.selector}
          description={texts.selectorHint}
          value={selector}
          onChange={edited(setSelector)}
        />
        <JsonEditor
          label={texts.template}
          description={texts.templateHint}
          value={template}
          onChange={edited(setTemplate)}
        />
        <WriteProblem error={write.error ?? remove.error} />
        {effect && <EffectPanel effect={effect} />}
        <Group>
          <Button
            variant={effect ? "default" : "filled"}
            disabled={!isWritable}
            loading={write.isPending && write.variables}
            onClick={() => {
              write.mutate(true);
            }}
          >
            {texts.dryRun}
          </Button>
          <Button
            disabled={!isWritable || !effect}
            loading={write.isPending && !write.variables}
            onClick={() => {
              write.mutate(false);
            }}
          >
            {texts.write}
          </Button>
          {profile && (
            <RemoveButton
              isRemoving={remove.isPending}
              onRemove={() => {
                remove.mutate();
              }}
            />
          )}
        </Group>
        {!effect && <Alert color="gray">{texts.dryRunFirst}</Alert>}
      </Stack>
    </Paper>
  );
}

function RemoveButton({ isRemoving, onRemove }: { isRemoving: boolean; onRemove: () => void }) {
  const texts = useProfilesTexts();
  const [isAsking, setAsking] = useState(false);
  return (
    <Button
      variant={isAsking ? "filled" : "default"}
      color={isAsking ? "red" : undefined}
      ml="auto"
      loading={isRemoving}
      onBlur={() => {
        setAsking(false);
      }}
      onClick={() => {
        if (isAsking) onRemove();
        else setAsking(true);
      }}
    >
      {isAsking ? texts.removeSure : texts.remove}
    </Button>
  );
}
