import { AdvicePanel } from "../../analytics/advice-panel";
import { useLatest } from "../../analytics/question";

/** What could be set better on this device, by its last week. */
export function DeviceAdvice({ deviceId }: { deviceId: string }) {
  return <AdvicePanel question={useLatest("week")} deviceId={deviceId} />;
}
