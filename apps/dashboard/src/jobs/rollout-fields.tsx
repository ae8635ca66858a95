import { NumberInput, SimpleGrid } from "@mantine/core";
import { useJobsTexts } from "../texts/use-jobs-texts";
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
  const texts = useJobsTexts();
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
