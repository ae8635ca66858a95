import type { Bucket } from "@mn316-fleet/contracts";
import { bucketStarts } from "./local-buckets";

export const HOUR_MS = 3_600_000;

/** A stretch of time, `to` exclusive, in ms since 1970. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

/** A part of an hour of UTC that lies in one bucket. */
export interface Piece extends Stretch {
  hourMs: number;
  /** Number of the bucket, from 0. */
  bucket: number;
}

/** What a bucket is: of the clock, or all of the range. */
export type BucketUnit = Bucket | "range";

export interface FrameOptions extends Stretch {
  unit: BucketUnit;
  timeZone: string;
}

const floorHour = (ms: number) => Math.floor(ms / HOUR_MS) * HOUR_MS;

/**
 * A range and its buckets, laid over the hours of UTC that rollups are kept by: which hours lie whole in one bucket, and
 * which are cut, by an end of the range or by a bucket that begins within them, as half an hour's zones have it.
 */
export class TimeFrame {
  readonly fromMs: number;
  readonly toMs: number;
  readonly timeZone: string;
  /** Where each bucket begins, ascending; the first may begin before the range. */
  readonly starts: readonly number[];
  /** Whole hours lie in this stretch, but for the cut ones. */
  readonly whole: Stretch;
  /** Begins of the cut hours, ascending. */
  readonly cutHours: readonly number[];

  constructor({ fromMs, toMs, unit, timeZone }: FrameOptions) {
    this.fromMs = fromMs;
    this.toMs = toMs;
    this.timeZone = timeZone;
    this.starts = unit === "range" ? [fromMs] : bucketStarts(unit, timeZone, fromMs, toMs);
    const edges = [fromMs, ...this.starts.slice(1), toMs].filter((ms) => ms % HOUR_MS !== 0);
    this.cutHours = [...new Set(edges.map(floorHour))];
    this.whole = { fromMs: floorHour(fromMs + HOUR_MS - 1), toMs: floorHour(toMs) };
  }

  /** When a bucket begins; the one after the last begins where the range ends. */
  begin(bucket: number): number {
    return this.starts[bucket] ?? this.toMs;
  }

  /** What the cut hours have in common with the range, cut further where a bucket begins. */
  pieces(): Piece[] {
    const pieces: Piece[] = [];
    let bucket = 0;
    for (const hourMs of this.cutHours) {
      const end = Math.min(hourMs + HOUR_MS, this.toMs);
      for (let fromMs = Math.max(hourMs, this.fromMs); fromMs < end;) {
        while ((this.starts[bucket + 1] ?? Infinity) <= fromMs) bucket++;
        const toMs = Math.min(this.starts[bucket + 1] ?? Infinity, end);
        pieces.push({ hourMs, bucket, fromMs, toMs });
        fromMs = toMs;
      }
    }
    return pieces;
  }

  /** The cut hours as a whole; those that follow each other are one stretch. */
  cutStretches(): Stretch[] {
    return merged(this.cutHours.map((hourMs) => ({ fromMs: hourMs, toMs: hourMs + HOUR_MS })));
  }

  /**
   * The same range for what is counted from raw events: of hours before `retainedMs` there are none left, so that such an
   * hour counts as a whole, in the bucket in which it begins.
   */
  countedFrom(retainedMs: number): { cutHours: number[]; stretches: Stretch[]; isExact: boolean } {
    const cutHours = this.cutHours.filter((hourMs) => hourMs >= retainedMs);
    const stretches = merged(
      cutHours.map((hourMs) => ({
        fromMs: Math.max(hourMs, this.fromMs),
        toMs: Math.min(hourMs + HOUR_MS, this.toMs),
      })),
    );
    return { cutHours, stretches, isExact: cutHours.length === this.cutHours.length };
  }
}

function merged(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const { fromMs, toMs } of stretches) {
    const last = result.at(-1);
    if (last?.toMs === fromMs) last.toMs = toMs;
    else result.push({ fromMs, toMs });
  }
  return result;
}
