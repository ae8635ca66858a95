import { SimpleGrid } from "@mantine/core";
import { AttentionPanel } from "./attention-panel";
import { AvailabilityPanel } from "./availability-panel";
import { TimeoutsPanel } from "./timeouts-panel";

/** What is known of the whole fleet over time; loaded after the page itself. */
export default function FleetPanels() {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
      <AttentionPanel />
      <AvailabilityPanel />
      <TimeoutsPanel />
    </SimpleGrid>
  );
}
