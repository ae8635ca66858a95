interface Statement {
  code: string;
  parameters: Record<string, number | string>;
  text: string;
}

export const analytics = {
  title: "Analytics",
  span: "Span of time",
  spans: { day: "24 hours", week: "7 days", month: "30 days" },
  tag: "Devices with the tag",
  narrow: "Ask",
  csvOf: (title: string) => `${title} as CSV`,
  unknown: (percent: string) =>
    `${percent} of the time nobody heard the modules; that counts neither for nor against them.`,
  outages: {
    title: "Outages",
    none: "No outage began in this time.",
    noneOver: "None of them is over.",
    count: "Outages",
    ongoing: "Going on",
    requested: "On request, besides",
    mtbf: "Between failures (MTBF)",
    mttr: "Until repaired (MTTR)",
    longest: "Longest",
    distribution: "How long they lasted",
    from: (duration: string) => `≥ ${duration}`,
    longestOnes: "The longest outages",
    began: "Began",
    lasted: "Lasted",
    cause: "Cause",
    goesOn: "and goes on",
    unseen: (duration: string) => `and ${duration} that nobody saw`,
  },
  disconnects: { title: "Disconnects by cause", none: "No module was disconnected in this time." },
  heatMap: {
    title: "Disconnects by hour and day",
    hint: (timeZone: string) => `By the clock of ${timeZone}, but for those on request.`,
    cell: (day: string, hour: number, count: number) => `${day}, ${hour}:00: ${count}`,
  },
  latency: {
    title: "Time to connect",
    hint: "From a module being seen to connect until it is connected; p50 means half of them took less.",
    none: "No module connected in this time.",
    connects: "Connects",
  },
  incidents: {
    title: "Outages together",
    hint: "Three devices or more within five minutes: look at the network or the broker, not at the devices.",
    none: "No devices failed together.",
    by: "What they have in common",
    groupings: { cell: "Cell", tag: "Tag" },
    line: (devices: number, group: string) => `${devices} devices of ${group}`,
  },
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
  deviceOutages: { title: "Outages", none: "No outage is known." },
};
export type AnalyticsTexts = typeof analytics;
