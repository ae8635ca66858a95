import { Badge } from "@mantine/core";
import type { Device } from "@mn316-fleet/contracts";
import { useTexts } from "../texts/use-texts";
import { stateColor } from "./state-colors";

/** The state of the module's link to its broker. */
export function StateBadge({ state }: { state: Device["module"]["state"] }) {
  const { states } = useTexts();
  return (
    <Badge variant="light" color={stateColor(state)} tt="none" style={{ flexShrink: 0 }}>
      {states[state]}
    </Badge>
  );
}
