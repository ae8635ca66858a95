import { useMemo } from "react";
import { AdvicePanel } from "../../analytics/advice-panel";
import type { Question } from "../../analytics/question";
import { browserTimeZone } from "../../common/buckets";

const WEEK_MS = 7 * 86_400_000;

/** What could be set better on this device, by its last week. */
export function DeviceAdvice({ deviceId }: { deviceId: string }) {
  const question: Question = useMemo(() => {
    const toMs = Date.now();
    return {
      from: new Date(toMs - WEEK_MS).toISOString(),
      to: new Date(toMs).toISOString(),
      timeZone: browserTimeZone(),
    };
  }, []);
  return <AdvicePanel question={question} deviceId={deviceId} />;
}
