import {
  Button,
  Group,
  MultiSelect,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { useJobsTexts } from "../texts/use-jobs-texts";
import { useTexts } from "../texts/use-texts";
import { type JobForm, selectorOf } from "./job-form";
import type { ChangeForm } from "./new-job-page";

const TYPING_MS = 300;

/** Which devices a job is for, and how many these are now. */
export function TargetFields({ form, onChange }: { form: JobForm; onChange: ChangeForm }) {
  const texts = useJobsTexts();
  if (form.deviceIds.length > 0)
    return (
      <Group>
        <Text size="sm">{texts.targets.chosen(form.deviceIds.length)}</Text>
        <Button
          size="xs"
          variant="default"
          onClick={() => {
            onChange({ deviceIds: [] });
          }}
        >
          {texts.targets.bySelector}
        </Button>
      </Group>
    );
  return (
    <Stack gap="sm">
      <Switch
        label={texts.targets.every}
        checked={form.isEveryDevice}
        onChange={({ currentTarget: { checked } }) => {
          onChange({ isEveryDevice: checked });
        }}
      />
      {!form.isEveryDevice && <Criteria form={form} onChange={onChange} />}
      <Switch
        label={texts.targets.continuous}
        checked={form.isContinuous}
        onChange={({ currentTarget: { checked } }) => {
          onChange({ isContinuous: checked });
        }}
      />
      <MatchCount form={form} />
    </Stack>
  );
}

function Criteria({ form, onChange }: { form: JobForm; onChange: ChangeForm }) {
  const texts = useJobsTexts();
  const { filters, states } = useTexts();
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      <TagsInput
        label={texts.targets.tags}
        value={form.tags}
        onChange={(tags) => {
          onChange({ tags });
        }}
      />
      <TextInput
        label={filters.search}
        value={form.q}
        onChange={({ currentTarget: { value } }) => {
          onChange({ q: value });
        }}
      />
      <MultiSelect
        label={filters.state}
        value={form.state}
        data={KNOWN_MODULE_STATES.map((value) => ({ value, label: states[value] }))}
        onChange={(state) => {
          onChange({ state });
        }}
      />
      <Select
        label={filters.link}
        placeholder={filters.any}
        clearable
        value={form.online === "" ? null : form.online}
        data={[
          { value: "true", label: filters.online },
          { value: "false", label: filters.offline },
        ]}
        onChange={(value) => {
          onChange({ online: value === "true" || value === "false" ? value : "" });
        }}
      />
      <TextInput
        label={texts.targets.firmware}
        value={form.firmware}
        onChange={({ currentTarget: { value } }) => {
          onChange({ firmware: value });
        }}
      />
    </SimpleGrid>
  );
}

function MatchCount({ form }: { form: JobForm }) {
  const client = useClient();
  const texts = useJobsTexts();
  const [selector] = useDebouncedValue(selectorOf(form), TYPING_MS);
  const { data } = useQuery({
    queryKey: ["match-count", selector],
    queryFn: ({ signal }) => (selector ? client.fleet.count({ selector }, { signal }) : { devices: 0 }),
    placeholderData: keepPreviousData,
  });
  return (
    <Text size="sm" fw={600} role="status">
      {selector ? data && texts.targets.matches(data.devices) : texts.targets.nothingNamed}
    </Text>
  );
}
