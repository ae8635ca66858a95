import { NumberInput, Select, TextInput } from "@mantine/core";
import { useAlertsTexts } from "../texts/use-alerts-texts";
import type { ChangeRule } from "./rule-editor";
import type { RuleForm } from "./rule-form";

const GROUPINGS = ["none", "cell", "tag"] as const;

/** Whether devices that fail together make one alert. */
export function GroupingFields({ form, onChange }: { form: RuleForm; onChange: ChangeRule }) {
  const { rules: texts } = useAlertsTexts();
  return (
    <>
      <Select
        label={texts.groupBy}
        allowDeselect={false}
        value={form.groupBy}
        data={GROUPINGS.map((value) => ({ value, label: texts.groupings[value] }))}
        onChange={(value) => {
          onChange({ groupBy: GROUPINGS.find((known) => known === value) ?? "none" });
        }}
      />
      {form.groupBy === "tag" && (
        <TextInput
          label={texts.prefix}
          placeholder="site:"
          required
          value={form.prefix}
          onChange={({ currentTarget: { value } }) => {
            onChange({ prefix: value });
          }}
        />
      )}
      {form.groupBy !== "none" && (
        <>
          <NumberInput
            label={texts.minDevices}
            min={2}
            value={form.minDevices}
            onChange={(minDevices) => {
              onChange({ minDevices });
            }}
          />
          <NumberInput
            label={texts.withinS}
            min={60}
            value={form.groupWithinS}
            onChange={(groupWithinS) => {
              onChange({ groupWithinS });
            }}
          />
        </>
      )}
    </>
  );
}
