import type { WhatIf, WhatIfAnswer } from "@mn316-fleet/contracts";
import { type ReplaySummary, replay, summarise, type TimerSettings } from "@mn316-fleet/mn316/timer-model";
import { Injectable } from "@nestjs/common";
import { invalid } from "../../platform/problems/problem.error";
import { Asking } from "../question/asking";
import { say } from "../words";
import { type Chapter, chapters, RECONNECT_AFTER_S } from "./chapters";
import { type DeviceRecord, RecordStore } from "./record.store";

const DEFAULT_RANGE_MS = 7 * 86_400_000;
/** Raw events are read for all of it. */
const MAX_RANGE_MS = 92 * 86_400_000;
/** PINGREQ and PINGRESP of 2 bytes each, in segments of TCP and IPv4 that have 40 bytes of headers, and one more to confirm. */
const BYTES_A_PING = 2 * 2 + 3 * 40;

/** What a device's own history would have been with other settings, as far as a model of the module's timers can tell. */
@Injectable()
export class WhatIfService {
  constructor(
    private readonly asking: Asking,
    private readonly records: RecordStore,
  ) {}

  /** @throws 422 where settings break the manual's rule together, or the range cannot be replayed; 404 without such a device */
  async answer({ deviceId, from, to, settings }: WhatIf): Promise<WhatIfAnswer> {
    const asked = await this.asking.question(
      { deviceId, from, to, timeZone: "UTC" },
      { defaultRangeMs: DEFAULT_RANGE_MS },
    );
    const { fromMs, toMs } = asked.frame;
    if (toMs - fromMs > MAX_RANGE_MS)
      throw invalid([{ path: "from", rule: "range", message: "the range must not exceed 92 days" }]);
    if (fromMs < asked.retainedMs)
      throw invalid([
        {
          path: "from",
          rule: "retention",
          message: `must not lie before ${new Date(asked.retainedMs).toISOString()}: raw events of before are gone`,
        },
      ]);
    const until = Math.min(toMs, asked.nowMs);
    if (until <= fromMs) throw invalid([{ path: "from", rule: "past", message: "must lie in the past" }]);
    const [head, record] = await Promise.all([
      this.asking.head(asked),
      this.records.read(deviceId, fromMs, toMs, until),
    ]);
    if (!record)
      throw invalid([{ path: "from", rule: "range", message: "there are too many events: ask for a shorter range" }]);
    const lived = chapters(record, fromMs, until);
    const changed = lived.map((chapter) => ({ ...chapter, settings: { ...chapter.settings, ...settings } }));
    if (settings.keepAliveS !== undefined || settings.ackTimeoutS !== undefined)
      for (const chapter of changed) mustHold(chapter.settings);
    const latest = changed.at(-1);
    if (!latest) throw new Error("no chapter of a range that is not empty");
    return {
      deviceId,
      from: head.from,
      to: head.to,
      unknownShare: head.unknownShare,
      recorded: recorded(record, lived, fromMs, until),
      lived: {
        settings: lived.map(({ settings: own, story }) => ({
          from: new Date(story.fromMs).toISOString(),
          ...named(own),
        })),
        ...replayed(lived),
      },
      asked: { settings: named(latest.settings), ...replayed(changed) },
      assumptions: assumptions(record, lived),
    };
  }
}

const named = ({ keepAliveS, ackTimeoutS, reopenAfterS, backoff }: TimerSettings) => ({
  keepAliveS,
  ackTimeoutS,
  reopenAfterS,
  backoff,
});

/** The rule that configurations keep (§2.1): what they may not say need not be asked. */
function mustHold({ ackTimeoutS, keepAliveS }: TimerSettings): void {
  if (ackTimeoutS <= keepAliveS) return;
  throw invalid([
    {
      path: "settings.ackTimeoutS",
      rule: "ack-timeout-below-keep-alive",
      message: `(${ackTimeoutS}) must not exceed keepAliveS (${keepAliveS}): lost heart-beats would go undetected (§2.1)`,
    },
  ]);
}

function recorded(
  record: DeviceRecord,
  lived: readonly Chapter[],
  fromMs: number,
  toMs: number,
): WhatIfAnswer["recorded"] {
  const connected = record.intervals.filter(({ state }) => state === "connected");
  const dead = lived.flatMap(({ story }) => story.troubles.filter((trouble) => trouble.kind === "dead"));
  return {
    connectedSeconds: connected.reduce(
      (sum, interval) => sum + Math.max(0, Math.min(interval.toMs, toMs) - Math.max(interval.fromMs, fromMs)) / 1_000,
      0,
    ),
    pingTimeouts: record.pingTimeoutsMs.length,
    heartbeatLosses: connected.filter((interval) => interval.cause === "heartbeat-lost" && interval.toMs < toMs).length,
    deadStretches: dead.length,
    outlived: dead.filter(({ wasOutlived }) => wasOutlived).length,
  };
}

/** What the model makes of the chapters, one after the other. */
function replayed(all: readonly Chapter[]): ReplaySummary & { pingBytes: number } {
  const summaries = all.map(({ story, settings }) => summarise(replay(story, settings), story.toMs));
  const sum = (value: (summary: ReplaySummary) => number) => summaries.reduce((total, each) => total + value(each), 0);
  const lossesNoticed = sum((each) => each.lossesNoticed);
  const noticingS = sum(({ meanNoticingS, lossesNoticed: count }) => (meanNoticingS ?? 0) * count);
  const pings = sum((each) => each.pings);
  return {
    pings,
    pingTimeouts: sum((each) => each.pingTimeouts),
    lossesNoticed,
    lossesUnnoticed: sum((each) => each.lossesUnnoticed),
    falseAlarms: sum((each) => each.falseAlarms),
    meanNoticingS: lossesNoticed > 0 ? noticingS / lossesNoticed : null,
    longestNoticingS:
      lossesNoticed > 0 ? Math.max(...summaries.map(({ longestNoticingS }) => longestNoticingS ?? 0)) : null,
    awayS: sum((each) => each.awayS),
    pingBytes: pings * BYTES_A_PING,
  };
}

function assumptions(record: DeviceRecord, lived: readonly Chapter[]): WhatIfAnswer["assumptions"] {
  const stretches = lived.flatMap(({ story }) => story.troubles.filter(({ kind }) => kind === "dead")).length;
  return [
    say("dead-by-losses", { stretches }),
    say("held-by-tcp", {}),
    say("reconnects-after", { seconds: RECONNECT_AFTER_S }),
    say("traffic-recorded", { heard: record.heardMs.length }),
    say("other-outages-stay", {}),
    say("bytes-a-ping", { bytes: BYTES_A_PING }),
  ];
}
