export const DAYS_A_WEEK = 7;
const DAYS = Array.from({ length: DAYS_A_WEEK }, (_, index) => index);
/** Digits of a column of begins: so many intervals of one device may claim to have been there when a day began. */
const BITS_A_DAY = 8;
const DIGIT = 2 ** BITS_A_DAY;

/** Columns of milliseconds, one a day of the week from its first. */
const CONNECTED = DAYS.map((day) => `connected_${day}`);
const KNOWN = DAYS.map((day) => `known_${day}`);

/** The columns of `availability_week` behind its key, in their order. */
export const AVAILABILITY_COLUMNS = [...CONNECTED, ...KNOWN, "connected_begins", "known_begins"];

/** What of closed intervals lies in a day of UTC, and how many of them lasted when it began. */
export interface DayAmounts {
  connectedMs: number;
  knownMs: number;
  connectedBegins: number;
  knownBegins: number;
}

/** The first day of a day's week, both as days since 1970; weeks begin on Thursdays, as that year did. */
export const weekOf = (day: number): number => Math.floor(day / DAYS_A_WEEK) * DAYS_A_WEEK;

/** A day's amounts as values of `AVAILABILITY_COLUMNS`. */
export function inWeek(day: number, amounts: DayAmounts): number[] {
  const index = day - weekOf(day);
  const only = (value: number) => DAYS.map((other) => (other === index ? value : 0));
  const digit = DIGIT ** index;
  return [
    ...only(amounts.connectedMs),
    ...only(amounts.knownMs),
    amounts.connectedBegins * digit,
    amounts.knownBegins * digit,
  ];
}

/** How much of a day counts: its milliseconds so many times, and so many for each interval that lasted when it began. */
export interface DayWeight {
  total: number;
  beginMs: number;
}

/**
 * What of a row of `availability_week` counts, in ms, in SQL.
 * @param weights by day of the week
 */
export function weighed(kind: "connected" | "known", weights: readonly DayWeight[]): string {
  const terms = weights.flatMap(({ total, beginMs }, day) => [
    ...(total === 0 ? [] : [`${total === 1 ? "" : `${total} * `}${kind}_${day}::bigint`]),
    ...(beginMs === 0 ? [] : [`${beginMs} * (${kind}_begins >> ${BITS_A_DAY * day} & ${DIGIT - 1})`]),
  ]);
  return `(${terms.join(" + ") || "0"})::float8`;
}
