import { Button, Group, Select, TextInput } from "@mantine/core";
import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { useTexts } from "../texts/use-texts";
import { type Filters, isNarrowed } from "./filters";

interface Props {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

/** Narrows the device list. */
export function DeviceFilters({ filters, onChange }: Props) {
  const { filters: texts, states } = useTexts();
  return (
    <Group align="flex-end">
      <TextInput
        label={texts.search}
        type="search"
        value={filters.q ?? ""}
        style={{ flex: 1, minWidth: 180 }}
        onChange={({ currentTarget: { value } }) => {
          onChange({ ...filters, q: value || undefined });
        }}
      />
      <Select
        label={texts.state}
        placeholder={texts.any}
        clearable
        w={190}
        value={filters.state ?? null}
        data={KNOWN_MODULE_STATES.map((value) => ({ value, label: states[value] }))}
        onChange={(value) => {
          onChange({ ...filters, state: value ?? undefined });
        }}
      />
      <Select
        label={texts.link}
        placeholder={texts.any}
        clearable
        w={150}
        value={filters.online ?? null}
        data={[
          { value: "true", label: texts.online },
          { value: "false", label: texts.offline },
        ]}
        onChange={(value) => {
          onChange({ ...filters, online: value ?? undefined });
        }}
      />
      <Button
        variant="default"
        disabled={!isNarrowed(filters)}
        onClick={() => {
          onChange({});
        }}
      >
        {texts.clear}
      </Button>
    </Group>
  );
}
