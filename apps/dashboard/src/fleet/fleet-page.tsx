import { SimpleGrid, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import type { FleetCounts } from "@mn316-fleet/contracts";
import { useState } from "react";
import { DeviceDrawer } from "../device/device-drawer";
import { AvailabilityPanel } from "./availability-panel";
import { DeviceFilters } from "./device-filters";
import { DeviceTable } from "./device-table";
import { useFilters } from "./filters";
import { StateCards } from "./state-cards";
import { TimeoutsPanel } from "./timeouts-panel";

/** So long a pause in typing lets the list be asked for. */
const TYPING_MS = 200;

/** The fleet at a glance, and each device on a click. */
export function FleetPage({ counts }: { counts: FleetCounts | undefined }) {
  const [filters, setFilters] = useFilters();
  const [settledFilters] = useDebouncedValue(filters, TYPING_MS);
  const [shownId, setShownId] = useState<string>();
  return (
    <Stack component="main">
      <StateCards counts={counts} filters={filters} onChoose={setFilters} />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <AvailabilityPanel />
        <TimeoutsPanel />
      </SimpleGrid>
      <DeviceFilters filters={filters} onChange={setFilters} />
      <DeviceTable filters={settledFilters} onOpen={setShownId} />
      <DeviceDrawer
        id={shownId}
        onClose={() => {
          setShownId(undefined);
        }}
      />
    </Stack>
  );
}
