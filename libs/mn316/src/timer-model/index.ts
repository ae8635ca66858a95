export type { AwayStretch, DeadStretch, LinkStory, Stretch } from "./link-story";
export { type Notice, type Replay, replay } from "./replay";
export { type ReplaySummary, summarise } from "./summary";
export { LONGEST_REOPEN_S, noticesLosses, noticingS, type TimerSettings } from "./timer-settings";
