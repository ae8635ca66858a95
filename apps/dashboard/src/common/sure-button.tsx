import { Button } from "@mantine/core";
import { useState } from "react";

interface Props {
  /** What the button says. */
  label: string;
  /** The same with the name of what it is about, for those who do not see where it stands. */
  labelOf?: string;
  /** What it says once it was pressed. */
  sure: string;
  isPending: boolean;
  onSure: () => void;
}

/** Does what cannot be undone when it is pressed twice; whoever looks elsewhere in between has thought better of it. */
export function SureButton({ label, labelOf, sure, isPending, onSure }: Props) {
  const [isSure, setSure] = useState(false);
  return (
    <Button
      size="xs"
      variant={isSure ? "filled" : "default"}
      color={isSure ? "red" : undefined}
      style={{ alignSelf: "flex-start" }}
      aria-label={isSure ? sure : labelOf}
      loading={isPending}
      onBlur={() => {
        setSure(false);
      }}
      onClick={() => {
        if (isSure) onSure();
        else setSure(true);
      }}
    >
      {isSure ? sure : label}
    </Button>
  );
}
