import { NumberInput, SimpleGrid } from "@mantine/core";
import { useTexts } from "../texts/use-texts";
import type { JobForm } from "./job-form";
import type { ChangeForm } from "./new-job-page";

const FIELDS = [
  "perMinute",
  "concurrent",
  "canaryDevices",
  "canaryWaitS",
  "abortPercent",
  "abortMin",
  "timeoutS",
  "retries",
] as const;

/** How fast, how carefully, and how often a job tries. */
export function RolloutFields({ form, onChange }: { form: JobForm; onChange: ChangeForm }) {
  const { jobs: texts } = useTexts();
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      {FIELDS.map((field) => (
        <NumberInput
          key={field}
          label={texts.rollout[field].label}
          description={texts.rollout[field].hint}
          min={0}
          value={form[field]}
          onChange={(value) => {
            onChange({ [field]: value === "" ? "" : Number(value) });
          }}
        />
      ))}
    </SimpleGrid>
  );
}
