import { eventually } from "@mn316-fleet/testkit";
import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import type { World } from "./world";

const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
export const hasChromium = existsSync(CHROMIUM);

export const launchBrowser = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

export interface Look {
  language?: "en" | "zh";
  colorScheme?: "light" | "dark";
  viewport?: { width: number; height: number };
}

/** A page of its own context, in English and light unless said otherwise, and what it threw or complained of. */
export async function openPage(
  browser: Browser,
  { language = "en", ...look }: Look = {},
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const locale = { en: "en", zh: "zh-CN" }[language];
  const context = await browser.newContext({ locale, reducedMotion: "reduce", ...look });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  return { context, page, complaints };
}

/** Opens the dashboard with the administrator's key. */
export async function signIn(page: Page, world: World): Promise<void> {
  await page.goto(`${world.url}/#key=${world.adminKey}`);
  await page.getByRole("link", { name: "API keys" }).waitFor();
}

/** Ticks a row of a list; while the page still loads, what stands above the list may grow beneath the pointer. */
export async function chooseRow(row: Locator): Promise<void> {
  await eventually(() => row.getByRole("checkbox").check({ timeout: 5_000 }), { timeoutMs: 60_000 });
}
