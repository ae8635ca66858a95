import { Group, Select, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteForm } from "../common/write-form";
import { useAlertsTexts } from "../texts/use-alerts-texts";
import { useRules } from "./use-choices";

const HOUR_MS = 3_600_000;

/** As `datetime-local` has it: by the browser's clock. */
const inAnHour = () => {
  const at = new Date(Date.now() + HOUR_MS);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

/** Keeps somebody from being told for a while. */
export function NewSilence() {
  const client = useClient();
  const queries = useQueryClient();
  const { silences: texts } = useAlertsTexts();
  const rules = useRules();
  const [ruleId, setRuleId] = useState<string | null>(null);
  const [tags, setTags] = useState<string[]>([]);
  const [to, setTo] = useState(inAnHour);
  const [reason, setReason] = useState("");
  const create = useMutation({
    mutationFn: () =>
      client.silences.create({
        ...(ruleId !== null && { ruleId }),
        // A rule alone covers its jobs, too, which no selector of devices does.
        ...(tags.length > 0 ? { selector: { tags } } : ruleId === null && { selector: { all: true } }),
        to: new Date(to).toISOString(),
        reason,
      }),
    onSuccess: async () => {
      setReason("");
      await queries.invalidateQueries({ queryKey: ["silences"] });
    },
  });
  return (
    <WriteForm title={texts.new} submit={texts.create} write={create}>
      <Group align="flex-end" grow preventGrowOverflow={false}>
        <Select
          label={texts.rule}
          placeholder={texts.anyRule}
          clearable
          value={ruleId}
          data={rules.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={setRuleId}
        />
        <TagsInput
          label={texts.tags}
          placeholder={tags.length === 0 ? texts.allDevices : ""}
          acceptValueOnBlur
          value={tags}
          onChange={setTags}
        />
        <TextInput
          type="datetime-local"
          label={texts.to}
          required
          value={to}
          onChange={({ currentTarget: { value } }) => {
            setTo(value);
          }}
        />
        <TextInput
          label={texts.reason}
          required
          value={reason}
          onChange={({ currentTarget: { value } }) => {
            setReason(value);
          }}
        />
      </Group>
    </WriteForm>
  );
}
