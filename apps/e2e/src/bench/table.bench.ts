import type { Page } from "playwright-core";
import { Pool } from "pg";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import { hasChromium, launchBrowser, openPage, signIn } from "../harness/dashboard-browser";
import { World } from "../harness/world";
import { type Bench, type Figure, quantile, rounded } from "./figure";

const DEVICES = 100_000;
/** What the browser's own measure calls long. */
const LONG_TASK_MS = 50;
/** A fast fling: 7,500 pixels a second. */
const WHEEL = { turns: 600, px: 120, everyMs: 16 };
const TO_THE_END_MS = 300_000;

/** What the page notes of itself while it is scrolled. */
interface Noted {
  longTasksMs: number[];
  framesMs: number[];
}
declare const noted: Noted;

/**
 * The fleet page with 100,000 devices in a real browser: scrolled by wheel from the top, then until the last device is there,
 * then by wheel at the end of the list, where all of them are known. The server is on the same cores.
 */
export const tableBench: Bench = async () => {
  if (!hasChromium) throw new Error("this needs Chromium: CHROMIUM_PATH says where it is");
  const world = new World();
  const postgres = await OwnPostgres.start();
  const browser = await launchBrowser();
  try {
    await world.startServer({ DATABASE_URL: postgres.url, LOG_LEVEL: "error" });
    await fill(postgres.url);
    const { page } = await openPage(browser, { viewport: { width: 1_280, height: 860 } });
    await signIn(page, world);
    await page.getByRole("row").nth(5).waitFor();
    await page.evaluate(NOTE);
    const figures = [await measured(page, "from the top", () => wheel(page, 1))];
    await toTheEnd(page);
    figures.push(await measured(page, "at the end", () => wheel(page, -1)));
    return figures;
  } finally {
    await browser.close();
    await world.stop();
    await postgres.remove();
  }
};

async function fill(url: string): Promise<void> {
  const pool = new Pool({ connectionString: url, max: 1 });
  await pool.query(
    `WITH added AS (
       INSERT INTO device (id, fleet_id, name, imei, tags, created_at)
       SELECT gen_random_uuid(), 0, 'device ' || lpad(n::text, 7, '0'), '8699' || lpad(n::text, 11, '0'), '{virtual,pump}',
              now() - make_interval(secs => (${DEVICES} - n) / 1000.0)
         FROM generate_series(1, ${DEVICES}) AS n RETURNING id
     ), state AS (
       INSERT INTO device_state (device_id, module, module_state, module_since, state_epoch, state_seq)
       SELECT id, '{"firmware": "1.0"}', 'connected', now() - interval '1 day', 1, 1 FROM added
     )
     INSERT INTO device_config (device_id, reported_version, status) SELECT id, 0, 'none' FROM added`,
  );
  await pool.query("VACUUM ANALYZE");
  await pool.end();
}

const NOTE = `
  globalThis.noted = { longTasksMs: [], framesMs: [] };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) noted.longTasksMs.push(duration);
  }).observe({ type: "longtask" });
  let last = performance.now();
  const frame = (now) => {
    noted.framesMs.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);`;

async function measured(page: Page, where: string, act: () => Promise<void>): Promise<Figure> {
  await page.evaluate(() => {
    noted.longTasksMs.length = noted.framesMs.length = 0;
  });
  await act();
  const { longTasksMs, framesMs } = await page.evaluate(() => noted);
  return {
    bench: `table of 100,000 devices, scrolled by wheel ${where}`,
    value: rounded(Math.max(0, ...longTasksMs)),
    unit: "ms in the longest task over 50 ms",
    longTasks: longTasksMs.filter((ms) => ms > LONG_TASK_MS).length,
    frames: framesMs.length,
    p50Ms: rounded(quantile(framesMs, 0.5)),
    p95Ms: rounded(quantile(framesMs, 0.95)),
    p99Ms: rounded(quantile(framesMs, 0.99)),
  };
}

/** @param direction 1 down, -1 up */
async function wheel(page: Page, direction: 1 | -1): Promise<void> {
  await page.mouse.move(640, 600);
  for (let turn = 0; turn < WHEEL.turns; turn++) {
    await page.mouse.wheel(0, direction * WHEEL.px);
    await page.waitForTimeout(WHEEL.everyMs);
  }
}

/** Scrolls until the last device is in the list, as pressing End again and again does. */
async function toTheEnd(page: Page): Promise<void> {
  const last = page.getByText(`device ${String(DEVICES).padStart(7, "0")}`, { exact: true });
  const until = Date.now() + TO_THE_END_MS;
  while ((await last.count()) === 0) {
    if (Date.now() > until) throw new Error(`the last device did not come within ${TO_THE_END_MS} ms`);
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)");
  }
}
