import { Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { lazy, Suspense } from "react";
import { AlertsPanel } from "../alerts/alerts-panel";
import { useCounts } from "../shell/use-counts";
import { DeviceFilters } from "./device-filters";
import { DeviceTable } from "./device-table";
import { useFilters } from "./filters";
import { EmptyPanelRows } from "./panel-rows";
import { StateCards } from "./state-cards";

const FleetPanels = lazy(() => import("./fleet-panels"));

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
      <Suspense fallback={<EmptyPanelRows />}>
        <FleetPanels />
      </Suspense>
      <DeviceFilters filters={filters} onChange={setFilters} />
      <DeviceTable key={JSON.stringify(settledFilters)} filters={settledFilters} />
    </Stack>
  );
}
