import { JsonInput } from "@mantine/core";
import { useTexts } from "../texts/use-texts";

interface Props {
  label: string;
  description?: string;
  value: string;
  onChange: (value: string) => void;
}

/** A JSON document in an editor. */
export function JsonEditor({ label, description, value, onChange }: Props) {
  const { common } = useTexts();
  return (
    <JsonInput
      label={label}
      description={description}
      value={value}
      onChange={onChange}
      validationError={common.notJson}
      autosize
      minRows={8}
      maxRows={28}
      styles={{
        input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "var(--mantine-font-size-sm)" },
      }}
    />
  );
}

/** The object that a text holds; undefined where it is none. */
export function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
