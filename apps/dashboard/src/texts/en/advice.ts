interface Statement {
  code: string;
  parameters: Record<string, number | string>;
  text: string;
}

/** What is said of settings that could be better: advice, and histories replayed with others. */
export const settingsAdvice = {
  advice: {
    title: "Advice",
    hint: "What could be set better, judged by each device's own history. Nothing changes before you write a profile.",
    none: "Nothing to advise: no setting stands out.",
    more: (count: number) => `and ${count} more`,
    severities: { warning: "warning", hint: "hint" },
    evidence: "Evidence",
    draft: "Draft a profile …",
    /** The server says it in English. */
    say: ({ text }: Statement) => text,
    /** By their names in the evidence. */
    figures: {
      pingTimeouts: "heart-beats not answered in time",
      heartbeatLosses: "connections lost by heart-beat",
      connectTimeouts: "connects not answered in time",
      publishTimeouts: "messages not acknowledged in time",
      shortConnections: "connections that ended within five minutes",
      meanDbm: "mean signal, dBm",
    } as Record<string, string>,
  },
  whatIf: {
    title: "What if",
    hint: "Replays this device's own history with other settings, through a model of the module's timers. Nothing changes.",
    settings: {
      keepAliveS: "keepAlive, in seconds",
      ackTimeoutS: "ackTimeout, in seconds",
      reopenAfterS: "Opened again after, in seconds",
      backoff: "… so many times later each time",
    },
    asItWas: (value: string) => `as it was: ${value}`,
    ask: "Replay",
    none: "Name at least one setting that should differ.",
    figure: "Figure",
    lived: "As it lived, by the model",
    asked: "With these settings",
    recorded: (losses: number, outlived: number) =>
      `By the record itself, ${losses} connections were lost by heart-beat, and ${outlived} dead links were outlived.`,
    figures: {
      lossesNoticed: "Dead links noticed",
      lossesUnnoticed: "Dead links over before they were noticed",
      falseAlarms: "Connections given up without need",
      meanNoticingS: "Until noticed, on average",
      longestNoticingS: "Until noticed, at most",
      awayS: "Away in all",
      pings: "Heart-beats sent",
      pingTimeouts: "Heart-beats not answered in time",
      pingBytes: "Bytes for heart-beats",
    },
    assumptions: "What this rests on",
    /** The server says it in English. */
    say: ({ text }: Statement) => text,
  },
};
export type AdviceTexts = typeof settingsAdvice;
