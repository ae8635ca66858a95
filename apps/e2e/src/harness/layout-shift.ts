import type { Page } from "playwright-core";

/** Runs in the page, before anything of it. */
const NOTE = `
  globalThis.cumulativeShift = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) globalThis.cumulativeShift += value;
  }).observe({ type: "layout-shift", buffered: true });
`;

/** From the next load on, the page adds up what it moves under its reader. */
export const noteShifts = (page: Page): Promise<unknown> => page.addInitScript(NOTE);

/** The cumulative layout shift since the page was loaded, as browsers define it: up to 0.1 a page counts as steady. */
export const cumulativeShift = (page: Page): Promise<number> => page.evaluate("globalThis.cumulativeShift");
