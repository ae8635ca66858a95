/** Nothing known. */
export const NONE = "–";

/** A moment by this machine's clock, to the second. */
export function moment(time: string | null | undefined): string {
  if (time === null || time === undefined) return NONE;
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** @param seconds a length of time, in s */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3_600)} h`;
}

/** Any value of a document within a line. */
export function inLine(value: unknown): string {
  if (value === null || value === undefined || value === "") return NONE;
  return typeof value === "string" ? value : JSON.stringify(value);
}
