import { ActionIcon, Autocomplete, Button, Group, Stack, Switch, TextInput } from "@mantine/core";
import { completionOf, suggestionsFor } from "../device/console/command-help";
import { useJobsTexts } from "../texts/use-jobs-texts";
import type { JobForm, StepForm } from "./job-form";
import type { ChangeForm } from "./new-job-page";

const MAX_STEPS = 32;

/** The AT commands of a job, one after the other. */
export function StepFields({ form: { steps, isRepeatable }, onChange }: { form: JobForm; onChange: ChangeForm }) {
  const texts = useJobsTexts();
  const replace = (index: number, step: StepForm) => {
    onChange({ steps: steps.with(index, step) });
  };
  return (
    <Stack gap="xs">
      {steps.map((step, index) => (
        <Group key={index} align="flex-end" wrap="nowrap">
          <Autocomplete
            label={texts.step(index + 1)}
            placeholder="AT+CSQ"
            value={step.command}
            data={[...new Set(suggestionsFor(step.command).map(completionOf))]}
            filter={({ options }) => options}
            style={{ flex: 2 }}
            onChange={(command) => {
              replace(index, { ...step, command });
            }}
          />
          <TextInput
            label={texts.expect}
            placeholder={texts.expectHint}
            value={step.expect}
            style={{ flex: 2 }}
            onChange={({ currentTarget: { value } }) => {
              replace(index, { ...step, expect: value });
            }}
          />
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={texts.removeStep(index + 1)}
            disabled={steps.length === 1}
            onClick={() => {
              onChange({ steps: steps.toSpliced(index, 1) });
            }}
          >
            ×
          </ActionIcon>
        </Group>
      ))}
      <Group>
        <Button
          size="xs"
          variant="default"
          disabled={steps.length >= MAX_STEPS}
          onClick={() => {
            onChange({ steps: [...steps, { command: "", expect: "" }] });
          }}
        >
          {texts.addStep}
        </Button>
        <Switch
          label={texts.repeatable}
          checked={isRepeatable}
          onChange={({ currentTarget: { checked } }) => {
            onChange({ isRepeatable: checked });
          }}
        />
      </Group>
    </Stack>
  );
}
