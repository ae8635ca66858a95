export const ALERT_TABS = ["open", "past", "rules", "channels", "silences", "failed"] as const;
export type AlertTab = (typeof ALERT_TABS)[number];

/** Reads the tab of an address; what makes no sense is left out. */
export function readAlertTab(search: Record<string, unknown>): { tab?: AlertTab } {
  const known = ALERT_TABS.find((name) => name === search.tab);
  return known ? { tab: known } : {};
}
