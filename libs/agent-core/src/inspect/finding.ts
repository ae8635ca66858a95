/** One thing that was looked at. */
export interface Finding {
  subject: string;
  verdict: "good" | "doubtful" | "bad";
  found: string;
  /** What to do about it. */
  advice?: string;
}
