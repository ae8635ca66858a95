import { MultiSelect, SimpleGrid, TextInput } from "@mantine/core";
import { WEEKDAYS } from "@mn316-fleet/contracts";
import { useJobsTexts } from "../texts/use-jobs-texts";
import type { JobForm } from "./job-form";
import type { ChangeForm } from "./new-job-page";

/** When a job begins, how often it comes again, and in which hours it may reach devices. */
export function ScheduleFields({ form, onChange }: { form: JobForm; onChange: ChangeForm }) {
  const texts = useJobsTexts();
  const text = (field: "startAt" | "cron" | "windowFrom" | "windowTo", type: string) => (
    <TextInput
      type={type}
      label={texts.when[field].label}
      description={texts.when[field].hint}
      value={form[field]}
      onChange={({ currentTarget: { value } }) => {
        onChange({ [field]: value });
      }}
    />
  );
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      {text("startAt", "datetime-local")}
      {text("cron", "text")}
      {text("windowFrom", "time")}
      {text("windowTo", "time")}
      <MultiSelect
        label={texts.when.days}
        value={form.windowDays}
        data={WEEKDAYS.map((value) => ({ value, label: texts.weekdays[value] }))}
        onChange={(windowDays) => {
          onChange({ windowDays });
        }}
      />
    </SimpleGrid>
  );
}
