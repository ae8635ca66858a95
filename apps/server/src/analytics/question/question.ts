import type { Grouping, Selector } from "@mn316-fleet/contracts";
import { type BucketUnit, TimeFrame } from "./time-frame";

/** A profile by which devices are put together or chosen. */
export interface NamedProfile {
  id: string;
  name: string;
  selector: Selector;
}

/** Which devices; without any of these, the whole fleet. */
export interface Selection {
  deviceId?: string | undefined;
  /** By their ids, which says all of it. */
  deviceIds?: readonly string[] | undefined;
  selector?: Selector | undefined;
  profile?: NamedProfile | undefined;
  cell?: string | undefined;
}

/** So few devices are asked for by their ids; of more all rows are read. */
export const FEW_DEVICES = 5_000;

/** A question as stores answer it: whom, when, in which buckets, and by what groups. */
export interface Question {
  selection: Selection;
  isFleet: boolean;
  frame: TimeFrame;
  groupBy: Grouping | undefined;
  /** Profiles to group by. */
  profiles: readonly NamedProfile[];
  /** Groups, and rows of lists. */
  limit: number;
  /** Raw events of before are gone. */
  retainedMs: number;
  nowMs: number;
}

/** The same question by buckets of another length. */
export function inBuckets(question: Question, unit: BucketUnit): Question {
  const { fromMs, toMs, timeZone } = question.frame;
  return { ...question, frame: new TimeFrame({ fromMs, toMs, timeZone, unit }) };
}

/** The same question of some of its devices alone where these are few, by their ids: PostgreSQL cannot know how many a selector matches. */
export function ofFew(question: Question, deviceIds: readonly string[]): Question {
  return deviceIds.length > FEW_DEVICES ? question : { ...question, isFleet: false, selection: { deviceIds } };
}
