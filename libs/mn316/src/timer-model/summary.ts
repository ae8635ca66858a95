import type { Replay } from "./replay";

/** What a replay comes to. */
export interface ReplaySummary {
  pings: number;
  pingTimeouts: number;
  /** Dead links that the module gave up. */
  lossesNoticed: number;
  /** Connections given up although, by the record, they outlived what was wrong. */
  falseAlarms: number;
  /** Dead links that were over, by the record at the cost of the connection, before the module noticed. */
  lossesUnnoticed: number;
  /** From the link's death until the connection was given up; null where none was. */
  meanNoticingS: number | null;
  longestNoticingS: number | null;
  /** From the link's death, or where it was given up in vain from then, until it was connected again. */
  awayS: number;
}

/** @param untilMs end of the story */
export function summarise({ pings, pingTimeouts, notices, unnoticed }: Replay, untilMs: number): ReplaySummary {
  const losses = notices.filter(({ trouble }) => !trouble.wasOutlived);
  const noticingS = losses.map(({ trouble, atMs }) => (atMs - trouble.fromMs) / 1_000);
  const awayMs = notices.map(
    ({ trouble, atMs, connectedMs = untilMs }) => connectedMs - (trouble.wasOutlived ? atMs : trouble.fromMs),
  );
  return {
    pings,
    pingTimeouts,
    lossesNoticed: losses.length,
    falseAlarms: notices.length - losses.length,
    lossesUnnoticed: unnoticed.filter(({ wasOutlived }) => !wasOutlived).length,
    meanNoticingS: noticingS.length > 0 ? sum(noticingS) / noticingS.length : null,
    longestNoticingS: noticingS.length > 0 ? Math.max(...noticingS) : null,
    awayS: sum(awayMs) / 1_000,
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
