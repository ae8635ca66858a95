import { eventually } from "@mn316-fleet/testkit";
import path from "node:path";
import type { Browser } from "playwright-core";
import { accessibilityFaults } from "./harness/axe";
import { hasChromium, launchBrowser, openPage } from "./harness/dashboard-browser";
import { startDemoFleet } from "./harness/demo-fleet";
import { World } from "./harness/world";

const withChromium = hasChromium ? describe : describe.skip;
/** A folder: pictures of all pages are written there; see `npm run pictures`. */
const PICTURES = process.env.FLEET_PICTURES;
/** Each theme and each language; of pictures there is one for all that these make together. */
const LOOKS = [
  ["light", "en"] as const,
  ["dark", "zh"] as const,
  ...(PICTURES === undefined ? [] : [["light", "zh"] as const, ["dark", "en"] as const]),
];
const DEVICES = 24;
const DAYS = PICTURES === undefined ? 2 : 14;
/** Wide enough for two columns, and a telephone. */
const WIDE = { width: 1_280, height: 860 };
const NARROW = { width: 390, height: 844 };
/** Run in the page: its innermost elements beyond the right edge, unless the page is as wide as the window. */
const OUTSIDERS = `(() => {
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const beyond = [...document.querySelectorAll("body *")].filter(
    (element) => element.children.length === 0 && element.getBoundingClientRect().right > clientWidth + 1,
  );
  return [scrollWidth + " px", ...beyond.slice(0, 4).map(({ outerHTML }) => outerHTML.slice(0, 160))];
})()`;

withChromium("every page of the dashboard", () => {
  const world = new World();
  let browser: Browser | undefined;
  /** Names of pages, as their pictures are called, and their addresses. */
  const pages: Record<string, string> = {};

  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    await startDemoFleet(world, DEVICES, DAYS);
    await eventually(
      async () => {
        expect((await world.api.ok("GET", "fleet/counts")).states.connected).toBeGreaterThanOrEqual(DEVICES - 2);
      },
      { timeoutMs: 60_000 },
    );
    Object.assign(pages, await furnish(world));
    browser = await launchBrowser();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await world.stop();
  }, 60_000);

  it.each(LOOKS)(
    "in %s and %s has no serious fault of accessibility, throws nothing, and fits a wide and a narrow screen",
    async (colorScheme, language) => {
      const { context, page, complaints } = await openPage(browser!, { language, colorScheme, viewport: WIDE });
      await page.goto(`${world.url}/#key=${world.adminKey}`);
      await page.getByRole("navigation").waitFor(); // by then the key is kept
      const faults: string[] = [];
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(world.url + address);
        await page.getByRole("main").locator("h1, h2, table").first().waitFor();
        await page.locator(".mantine-Skeleton-root").first().waitFor({ state: "detached" });
        faults.push(...(await accessibilityFaults(page)).map((fault) => `${name}: ${fault}`));
        if (PICTURES !== undefined) {
          if (name === "device-console") await talk();
          await takePicture(name);
        }
        await page.setViewportSize(NARROW);
        faults.push(...(await outsiders()).map((fault) => `${name}, narrow: ${fault}`));
        if (PICTURES !== undefined && name === "fleet") await takePicture("fleet-narrow");
        await page.setViewportSize(WIDE);
      }
      expect(faults).toEqual([]);
      expect(complaints).toEqual([]);
      await context.close();

      /** What stands out of the window where the page is wider than it. */
      async function outsiders(): Promise<string[]> {
        const found = () => page.evaluate<string[]>(OUTSIDERS);
        // Charts follow the window a frame later.
        return eventually(
          async () => {
            const now = await found();
            if (now.length > 0) throw new Error(now.join());
            return now;
          },
          { timeoutMs: 2_000 },
        ).catch(found);
      }

      /** So that there is something in the picture of the console. */
      async function talk() {
        const command = page.getByPlaceholder("AT+MQTTSTAT?");
        await page.getByRole("button", { name: { en: "Open the console", zh: "打开控制台" }[language] }).click();
        for (const line of ["AT+CSQ", "AT+MQTTSTAT?"]) {
          await command.fill(line);
          await command.press("Enter");
          await page
            .getByRole("log")
            .getByText(`${line.slice(2).replace("?", "")}:`)
            .first()
            .waitFor();
        }
        await command.fill("AT+MQTTC");
      }

      /** Those of each look but the first have a folder of their own. */
      function takePicture(name: string) {
        const isFirst = language === "en" && colorScheme === "light";
        const folder = path.join(PICTURES ?? "", isFirst ? "" : `${language}-${colorScheme}`);
        return page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled" });
      }
    },
    300_000,
  );
});

/** Makes what the pages are about, so that none of them is empty. @returns the pages with their addresses */
async function furnish({ api }: World): Promise<Record<string, string>> {
  const { items: devices } = await api.ok("GET", "devices?limit=100");
  // Of the second cell, which was away a few hours ago.
  const [, second, third] = devices as { id: string }[];
  await api.ok("PATCH", `devices/${third?.id ?? ""}/config`, { mqtt: { port: 1 } }); // will be rolled back
  const { id: profileId } = await api.ok("POST", "profiles", {
    ...{ name: "water meters", selector: { tags: ["water-meter"] }, priority: 10 },
    template: { mqtt: { keepAliveS: 120 }, telemetry: { signalEveryS: 60 } },
  });
  const { id: jobId } = await api.ok("POST", "jobs", {
    ...{
      kind: "at",
      targets: { selector: { tags: ["pump-station"] } },
      steps: [{ command: "AT+CSQ" }, { command: "AT+MQTTSTAT?" }],
    },
  });
  const channel = { kind: "webhook", name: "on call", url: "https://hooks.invalid/on-call" };
  const { id: channelId } = await api.ok("POST", "alert-channels", channel);
  const rule = { severity: "critical", selector: { all: true }, channelIds: [channelId] };
  await api.ok("POST", "alert-rules", {
    ...rule,
    name: "module away",
    kind: "module-disconnected",
    params: { forS: 600 },
  });
  await api.ok("POST", "alert-rules", {
    ...{ ...rule, severity: "warning", name: "flaps", kind: "flapping", params: { disconnects: 5, withinS: 86_400 } },
  });
  await api.ok("POST", "silences", {
    ...{ selector: { tags: ["heat-exchanger"] }, reason: "works on the mast" },
    to: new Date(Date.now() + 7_200_000).toISOString(),
  });
  await api.ok("POST", "enrollment-keys", { name: "cabinet crew", maxUses: 40, imeiPattern: "8662*" });
  await api.ok("POST", "api-keys", { name: "wall display", role: "viewer" });
  await api.ok("POST", "users", { name: "anna", role: "operator", password: "correct horse battery" });
  await api.ok("POST", "fleets", { name: "north" });
  const device = `/devices/${second?.id ?? ""}`;
  return {
    analytics: "/analytics",
    device,
    "device-configuration": `${device}?tab=configuration`,
    "device-events": `${device}?tab=events`,
    "device-jobs": `${device}?tab=jobs`,
    "device-console": `${device}?tab=console`,
    alerts: "/alerts",
    "alerts-over": "/alerts?tab=past",
    "alert-rules": "/alerts?tab=rules",
    "alert-channels": "/alerts?tab=channels",
    "alert-silences": "/alerts?tab=silences",
    "alerts-not-delivered": "/alerts?tab=failed",
    jobs: "/jobs",
    job: `/jobs/${jobId}`,
    "new-job": "/jobs/new",
    profiles: "/profiles",
    profile: `/profiles/${profileId}`,
    enrolment: "/enrollment",
    keys: "/keys",
    people: "/users",
    audit: "/audit",
    fleets: "/fleets",
    fleet: "/", // last: by then there is something that needs attention
  };
}
