export const devicePage = {
  tabs: { overview: "Overview", configuration: "Configuration", events: "Events", jobs: "Jobs", console: "AT console" },
  timeZone: "Time zone",
  eventKind: "Kind of event",
  refresh: "Refresh",
  timeLine: {
    title: "Time line",
    span: "Span",
    spans: { "1": "1 h", "6": "6 h", "24": "24 h", "168": "7 d" },
    whole: "Zoom out",
    earlier: "Earlier",
    closer: "Zoom in",
    later: "Later",
    events: "Reported",
    signal: "Signal strength over time",
  },
  why: {
    agentNever: "Its agent was never connected, so nothing is known of the module.",
    agentAway: (duration: string) =>
      `Its agent has been away for ${duration}; what the module does meanwhile is not known.`,
    steady: (duration: string) => `Connected for ${duration}; no loss in its latest events.`,
    never: "The module has not connected to its broker yet.",
    neverBut: (facts: string) => `The module has not connected to its broker yet: ${facts}.`,
    awayBecause: (cause: string) => `Not connected: ${cause}.`,
    away: (ago: string, facts: string) => `Lost its connection ${ago}: ${facts}.`,
    recovered: (ago: string, duration: string, facts: string) =>
      `Connected again ${ago}, after ${duration} without connection${facts === "" ? "" : `: ${facts}`}.`,
    list: (facts: readonly string[]) => facts.join(", "),
    heartbeats: (count: number) => `lost its heart-beat ${times(count)}`,
    timeouts: (name: string, count: number) => `${name} timed out ${times(count)}`,
    facts: {
      reconnect: (count: number) => `tried to reconnect ${times(count)}`,
      refused: (count: number) => `the broker refused ${times(count)}`,
      unanswered: (count: number) => `the broker did not answer ${times(count)}`,
      "gave-up": () => "then gave up",
      restart: (count: number) => `the module restarted ${times(count)}`,
      "serial-lost": (count: number) => `the serial line was lost ${times(count)}`,
      recovery: (count: number) => `the agent tried to bring it back ${times(count)}`,
      requested: () => "disconnected on request",
    },
  },
};

function times(count: number): string {
  if (count === 1) return "once";
  return count === 2 ? "twice" : `${count} times`;
}

export const configuration = {
  field: "Field",
  desired: "Desired",
  from: "Comes from",
  reported: "The module holds",
  unreported: "not told",
  differs: "differs",
  trust: { verified: "read back", acknowledged: "by the module's OK", masked: "hidden by the module" },
  origins: { device: "the device's own settings", default: "default" },
  own: "The device's own settings",
  ownHint: "They overlay what profiles set. What is left out comes from a profile, or is the default.",
  document: "Settings as JSON",
  write: "Write and send",
  removeOwn: "Remove own settings",
  versions: "Versions",
  noVersions: "There was no version yet.",
  by: (author: string) => `by ${author}`,
  revert: "Return to this",
  nothing: "nothing",
  sources: {
    device: () => "own settings written",
    removed: () => "own settings removed",
    profile: (name: string) => `profile ${name}`,
    register: () => "the device's name, IMEI or tags changed",
    revert: (version: string) => `returned to version ${version}`,
  },
};

export const console = {
  hint: "What you type goes to the module as it is, within the rules for this device. Everything said is recorded.",
  open: "Open the console",
  close: "Close",
  away: "The agent is away: the console needs it.",
  output: "What was said",
  command: "AT command",
  send: "Send",
  ended: (reason: string) => `— ended: ${reason}`,
};
