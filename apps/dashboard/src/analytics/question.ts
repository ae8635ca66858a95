import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { browserTimeZone } from "../common/buckets";

const DAY_MS = 86_400_000;
const TAG = /^[\w.:-]{1,64}$/;
export const SPANS = { day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS } as const;
export type Span = keyof typeof SPANS;

/** What the page asks about; lives in the address, so that it can be kept and sent to others. */
export interface AnalyticsSearch {
  span?: Span;
  tag?: string;
}

/** Reads the question from an address; what makes no sense is left out. */
export function readAnalyticsSearch(search: Record<string, unknown>): AnalyticsSearch {
  const span = (Object.keys(SPANS) as Span[]).find((known) => known === search.span);
  const tag = typeof search.tag === "string" && TAG.test(search.tag) ? search.tag : undefined;
  return { ...(span && { span }), ...(tag !== undefined && { tag }) };
}

/** What all questions of the page have in common. */
export interface Question {
  from: string;
  to: string;
  timeZone: string;
  tag?: string;
}

const route = getRouteApi("/analytics");

/** The question of the address; its range ends when it was made, so that all panels speak of the same. */
export function useQuestion(): { span: Span; bucket: "hour" | "day"; question: Question } {
  const { span = "week", tag } = route.useSearch();
  const question = useMemo(() => latest(span, Date.now(), tag), [span, tag]);
  return { span, bucket: span === "day" ? "hour" : "day", question };
}

/** How often the latest span is asked for again. */
const MINUTE_MS = 60_000;

/** The question of a page that stays open: its range goes along with the clock, a minute at a time. */
export function useLatest(span: Span): Question {
  const [minute, setMinute] = useState(() => Math.ceil(Date.now() / MINUTE_MS));
  useEffect(() => {
    const timer = setInterval(() => {
      setMinute(Math.ceil(Date.now() / MINUTE_MS));
    }, MINUTE_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return useMemo(() => latest(span, minute * MINUTE_MS), [span, minute]);
}

function latest(span: Span, toMs: number, tag?: string): Question {
  return {
    from: new Date(toMs - SPANS[span]).toISOString(),
    to: new Date(toMs).toISOString(),
    timeZone: browserTimeZone(),
    ...(tag !== undefined && { tag }),
  };
}
