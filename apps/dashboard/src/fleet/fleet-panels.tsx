import { HeatMapPanel } from "../analytics/heat-map-panel";
import { OutageTimeLine } from "../analytics/outage-time-line";
import { useLatest } from "../analytics/question";
import { AttentionPanel } from "./attention-panel";
import { AvailabilityPanel } from "./availability-panel";
import { PanelRows } from "./panel-rows";
import { TimeoutsPanel } from "./timeouts-panel";

/** Devices that the time line has lanes for: as high as the week beside it. */
const LANES = 7;

/** What is known of the whole fleet over time; loaded after the page itself. */
export default function FleetPanels() {
  const day = useLatest("day");
  const week = useLatest("week");
  return (
    <PanelRows
      figures={
        <>
          <AttentionPanel />
          <AvailabilityPanel />
          <TimeoutsPanel />
        </>
      }
      histories={
        <>
          <OutageTimeLine question={day} shown={LANES} />
          <HeatMapPanel question={week} />
        </>
      }
    />
  );
}
