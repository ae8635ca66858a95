import { Badge } from "@mantine/core";
import type { Device } from "@mn316-fleet/contracts";
import { useTexts } from "../texts/use-texts";

/** Whether the agent has its link to the server. */
export function LinkBadge({ link }: { link: Device["link"] }) {
  const { table } = useTexts();
  return (
    <Badge variant="dot" color={link.online ? "teal" : "gray"} tt="none" style={{ flexShrink: 0 }}>
      {link.online ? table.online : link.since ? table.offline : table.never}
    </Badge>
  );
}
