import { SimpleGrid, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { AlertsPanel } from "../alerts/alerts-panel";
import { useCounts } from "../shell/use-counts";
import { AvailabilityPanel } from "./availability-panel";
import { DeviceFilters } from "./device-filters";
import { DeviceTable } from "./device-table";
import { useFilters } from "./filters";
import { StateCards } from "./state-cards";
import { TimeoutsPanel } from "./timeouts-panel";

/** So long a pause in typing lets the list be asked for. */
const TYPING_MS = 200;

/** The fleet at a glance, and the way to each device. */
export function FleetPage() {
  const [filters, setFilters] = useFilters();
  const [settledFilters] = useDebouncedValue(filters, TYPING_MS);
  const { data: counts } = useCounts();
  return (
    <Stack>
      <StateCards counts={counts} filters={filters} onChoose={setFilters} />
      <AlertsPanel />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <AvailabilityPanel />
        <TimeoutsPanel />
      </SimpleGrid>
      <DeviceFilters filters={filters} onChange={setFilters} />
      <DeviceTable key={JSON.stringify(settledFilters)} filters={settledFilters} />
    </Stack>
  );
}
