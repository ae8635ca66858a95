export const DEVICE_TABS = ["overview", "configuration", "events", "jobs", "console"] as const;
export type DeviceTab = (typeof DEVICE_TABS)[number];
