import { Badge } from "@mantine/core";
import type { ConfigStatus } from "@mn316-fleet/contracts";
import { useTexts } from "../texts/use-texts";

const COLORS: Record<ConfigStatus, string> = {
  none: "gray",
  applied: "teal",
  rejected: "red",
  "rolled-back": "red",
  drifted: "orange",
  pending: "cyan",
  applying: "cyan",
};

/** How far a device is with its desired configuration. */
export function ConfigStatusBadge({ status }: { status: ConfigStatus }) {
  const { config } = useTexts();
  return (
    <Badge variant="light" color={COLORS[status]} tt="none">
      {config[status]}
    </Badge>
  );
}
