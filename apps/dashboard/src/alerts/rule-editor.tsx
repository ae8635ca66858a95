import { Code, MultiSelect, NumberInput, Select, SimpleGrid, TagsInput, Text, TextInput } from "@mantine/core";
import { ALERT_KINDS, type AlertRule, SEVERITIES } from "@mn316-fleet/contracts";
import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteForm } from "../common/write-form";
import { useAlertsTexts } from "../texts/use-alerts-texts";
import { useTexts } from "../texts/use-texts";
import { GroupingFields } from "./grouping-fields";
import { bodyOf, formOf, type ParamName, PARAMS, type RuleForm } from "./rule-form";
import { useChannels } from "./use-choices";

export type ChangeRule = (change: Partial<RuleForm>) => void;

/** Writes a rule, a new one unless one is given. */
export function RuleEditor({ rule, onDone }: { rule?: AlertRule; onDone: () => void }) {
  const client = useClient();
  const queries = useQueryClient();
  const texts = useAlertsTexts();
  const [form, setForm] = useState(() => formOf(rule));
  const change: ChangeRule = (next) => {
    setForm((former) => ({ ...former, ...next }));
  };
  const write = useMutation({
    mutationFn: () =>
      rule ? client.alertRules.put(rule.id, bodyOf(form), rule.version) : client.alertRules.create(bodyOf(form)),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["alert-rules"] });
      onDone();
    },
  });
  return (
    <WriteForm
      title={rule ? texts.of(texts.edit, rule.name) : texts.rules.new}
      submit={texts.save}
      cancel={texts.cancel}
      write={write}
      onCancel={onDone}
    >
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        <WhatFields form={form} onChange={change} />
        <WhomFields form={form} onChange={change} />
        {form.kind !== "job-aborted" && <GroupingFields form={form} onChange={change} />}
      </SimpleGrid>
    </WriteForm>
  );
}

function WhatFields({ form, onChange }: { form: RuleForm; onChange: ChangeRule }) {
  const texts = useAlertsTexts();
  const { alerts } = useTexts();
  return (
    <>
      <TextInput
        label={texts.name}
        required
        value={form.name}
        onChange={({ currentTarget: { value } }) => {
          onChange({ name: value });
        }}
      />
      <Select
        label={texts.rules.kind}
        allowDeselect={false}
        value={form.kind}
        data={ALERT_KINDS.map((value) => ({ value, label: texts.kinds[value] }))}
        onChange={(value) => {
          const kind = ALERT_KINDS.find((known) => known === value) ?? form.kind;
          onChange({ kind, params: PARAMS[kind] });
        }}
      />
      <Select
        label={texts.severity}
        allowDeselect={false}
        value={form.severity}
        data={SEVERITIES.map((value) => ({ value, label: alerts.severities[value] }))}
        onChange={(value) => {
          onChange({ severity: SEVERITIES.find((known) => known === value) ?? form.severity });
        }}
      />
      {(Object.keys(PARAMS[form.kind]) as ParamName[]).map((name) => (
        <ParamField
          key={name}
          name={name}
          value={form.params[name] ?? ""}
          onChange={(value) => {
            onChange({ params: { ...form.params, [name]: value } });
          }}
        />
      ))}
      <NumberInput
        label={texts.rules.clearAfterS}
        min={0}
        value={form.clearAfterS}
        onChange={(clearAfterS) => {
          onChange({ clearAfterS });
        }}
      />
    </>
  );
}

interface ParamProps {
  name: ParamName;
  value: number | string;
  onChange: (value: number | string) => void;
}

function ParamField({ name, value, onChange }: ParamProps) {
  const { rules: texts } = useAlertsTexts();
  const { timeouts } = useTexts();
  if (name !== "type") return <NumberInput label={texts.params[name]} min={0} value={value} onChange={onChange} />;
  return (
    <Select
      label={texts.params[name]}
      allowDeselect={false}
      value={String(value)}
      data={[
        { value: "any", label: texts.anyType },
        ...TIMEOUT_NAMES.map((type) => ({ value: type, label: timeouts.names[type] })),
      ]}
      onChange={(type) => {
        onChange(type ?? "any");
      }}
    />
  );
}

function WhomFields({ form, onChange }: { form: RuleForm; onChange: ChangeRule }) {
  const { rules: texts } = useAlertsTexts();
  const channels = useChannels();
  return (
    <>
      {form.selector ? (
        <div>
          <Text size="sm">{texts.otherSelector}</Text>
          <Code>{JSON.stringify(form.selector)}</Code>
        </div>
      ) : (
        <TagsInput
          label={texts.tags}
          placeholder={form.tags.length === 0 ? texts.tagsHint : ""}
          acceptValueOnBlur
          value={form.tags}
          onChange={(tags) => {
            onChange({ tags });
          }}
        />
      )}
      <MultiSelect
        label={texts.channels}
        value={form.channelIds}
        data={channels.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={(channelIds) => {
          onChange({ channelIds });
        }}
      />
    </>
  );
}
