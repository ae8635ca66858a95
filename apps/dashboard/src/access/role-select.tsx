import { Select, type SelectProps } from "@mantine/core";
import { type Role, ROLES } from "@mn316-fleet/contracts";
import { useSettingsTexts } from "../texts/use-settings-texts";

interface Props extends Omit<SelectProps, "data" | "value" | "onChange" | "allowDeselect"> {
  value: Role;
  onChange: (role: Role) => void;
}

/** One of the roles, by its name in the reader's language. */
export function RoleSelect({ value, onChange, ...rest }: Props) {
  const { keys: texts } = useSettingsTexts();
  return (
    <Select
      {...rest}
      allowDeselect={false}
      value={value}
      data={ROLES.map((role) => ({ value: role, label: texts.roles[role] }))}
      onChange={(chosen) => {
        const role = ROLES.find((known) => known === chosen);
        if (role) onChange(role);
      }}
    />
  );
}
