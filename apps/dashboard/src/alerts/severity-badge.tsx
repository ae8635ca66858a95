import { Badge } from "@mantine/core";
import type { Severity } from "@mn316-fleet/contracts";
import { useTexts } from "../texts/use-texts";

const COLORS: Record<Severity, string> = { info: "cyan", warning: "orange", critical: "red" };

/** How bad it is. */
export function SeverityBadge({ severity }: { severity: Severity }) {
  const { alerts } = useTexts();
  return (
    <Badge variant="light" tt="none" color={COLORS[severity]} style={{ flexShrink: 0 }}>
      {alerts.severities[severity]}
    </Badge>
  );
}
