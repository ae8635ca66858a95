import path from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { ROOT } from "../../../tools/lib/workspace.mjs";
import { en } from "../../dashboard/src/texts/en";
import * as enDevice from "../../dashboard/src/texts/en/device-page";
import { jobs as enJobs } from "../../dashboard/src/texts/en/jobs";
import { profiles as enProfiles } from "../../dashboard/src/texts/en/profiles";
import { enrollment as enEnrollment } from "../../dashboard/src/texts/en/settings";
import { zh } from "../../dashboard/src/texts/zh";
import * as zhDevice from "../../dashboard/src/texts/zh/device-page";
import { jobs as zhJobs } from "../../dashboard/src/texts/zh/jobs";
import { profiles as zhProfiles } from "../../dashboard/src/texts/zh/profiles";
import { enrollment as zhEnrollment } from "../../dashboard/src/texts/zh/settings";
import { accessibilityFaults } from "./harness/axe";
import { chooseRow, hasChromium, launchBrowser, openPage } from "./harness/dashboard-browser";
import { startDemoFleet } from "./harness/demo-fleet";
import type { VirtualModule } from "./harness/virtual-module";
import { World } from "./harness/world";

const AGENT = path.join(ROOT, "apps/agent/dist/mn316-agent.js");
/** The module's timers run so many times faster than the manual's, or an outage would take minutes (§3.4). */
const TIME_SCALE = "20";
const PATIENCE_MS = 90_000;
/** Modules on serial lines, and what they went through before. */
const DEMO = { devices: 2, days: 1 };
const TEXTS = {
  en: { ...en, ...enDevice, jobs: enJobs, profiles: enProfiles, enrollment: enEnrollment },
  zh: { ...zh, ...zhDevice, jobs: zhJobs, profiles: zhProfiles, enrollment: zhEnrollment },
};
const LOOKS = [
  { language: "en", colorScheme: "light" },
  { language: "zh", colorScheme: "dark" },
] as const;
/** What the page says of why the device is as it is, by the words that only this has. */
const STORY = {
  en: { lost: "Lost its connection", cause: /lost its heart-beat|the broker refused/, back: "Connected again" },
  zh: { lost: /掉线：/, cause: /心跳丢失|拒绝/, back: "恢复连接" },
};
const withChromium = hasChromium ? describe : describe.skip;

withChromium("a day with the dashboard", () => {
  const world = new World();
  let browser: Browser | undefined;
  let demoImeis: string[];
  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    await startDemoFleet(world, DEMO.devices, DEMO.days);
    const { items } = await world.api.ok("GET", "devices");
    demoImeis = items.map(({ imei }: { imei: string }) => imei);
    browser = await launchBrowser();
  }, PATIENCE_MS);
  afterAll(async () => {
    await browser?.close();
    await world.stop();
  }, 60_000);

  describe.each(LOOKS)("in $language and $colorScheme", ({ language, colorScheme }) => {
    const texts = TEXTS[language];
    const imei = language === "en" ? "869990000000101" : "869990000000202";
    let context: BrowserContext;
    let page: Page;
    let complaints: string[];
    let module: VirtualModule;
    let deviceId: string;

    beforeAll(async () => {
      ({ context, page, complaints } = await openPage(browser!, { language, colorScheme }));
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(`${world.url}/#key=${world.adminKey}`);
      module = await world.startModule({ id: "", token: "", imei }, ["--time-scale", TIME_SCALE]);
    }, PATIENCE_MS);
    afterAll(() => context.close());
    afterEach(async () => {
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(complaints.splice(0)).toEqual([]);
    });

    const goTo = async (address: keyof typeof texts.shell.pages) => {
      const name = texts.shell.pages[address];
      await page.getByRole("link", { name, exact: true }).first().click();
      if (address === "/") await page.getByLabel(texts.filters.search).waitFor();
      else await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    };
    const row = (of = imei) => page.getByRole("row").filter({ hasText: of });
    const write = async (mqtt: object) => {
      const recovery = { reopenAfterS: 1, backoff: 1, maxReopens: 100, thenRestart: false };
      await page.getByLabel(texts.profiles.template).fill(JSON.stringify({ mqtt, recovery }));
      await page.getByRole("button", { name: texts.profiles.dryRun }).click();
      await page.getByRole("button", { name: texts.profiles.write }).click();
    };
    const broker = () => ({ host: "127.0.0.1", port: Number(new URL(world.brokerUrl).port), keepAliveS: 30 });

    it(
      "enrols a device with the very command that the page shows, and sees it come",
      async () => {
        await goTo("/enrollment");
        await page.getByLabel(texts.enrollment.name).fill(`crew ${language}`);
        await page.getByRole("button", { name: texts.enrollment.create }).click();
        const command = await page.getByText(/^npx mn316-agent/).innerText();
        const args = command.replace("/dev/ttyUSB0", module.port).split(" ").slice(2);
        world.run("agent", [AGENT, ...args], { MN316_DATA_DIR: path.join(world.folder, `agent-${imei}`) });
        await goTo("/");
        await row().getByText(texts.table.online).waitFor();
        const { items } = await world.api.ok("GET", `devices?q=${imei}`);
        deviceId = items[0].id;
      },
      2 * PATIENCE_MS,
    );

    it(
      "tells it its broker by a profile, and sees it connect",
      async () => {
        await goTo("/profiles");
        await page.getByRole("link", { name: texts.profiles.new }).click();
        await page.getByLabel(texts.profiles.name).fill(`site ${language}`);
        await page.getByLabel(texts.profiles.selector).fill(JSON.stringify({ imei }));
        await write({ ...broker(), clientId: "story-{imei}" });
        await page.getByRole("heading", { name: `site ${language}` }).waitFor();
        await goTo("/");
        await row().getByText(texts.states.connected, { exact: true }).waitFor();
      },
      2 * PATIENCE_MS,
    );

    it(
      "watches the roll back of a profile that names a wrong broker, and writes it right again",
      async () => {
        await goTo("/profiles");
        await page.getByRole("link", { name: `site ${language}` }).click();
        await write({ ...broker(), port: 1, clientId: "story-{imei}" });
        await page.goto(`${world.url}/devices/${deviceId}?tab=configuration`);
        await page.getByText(texts.config["rolled-back"], { exact: true }).first().waitFor();
        await page.getByRole("row").filter({ hasText: "mqtt.port" }).getByText(texts.configuration.differs).waitFor();
        await goTo("/profiles");
        await page.getByRole("link", { name: `site ${language}` }).click();
        await write({ ...broker(), clientId: "story-{imei}" });
        await page.goto(`${world.url}/devices/${deviceId}?tab=configuration`);
        await page.getByText(texts.config.applied, { exact: true }).first().waitFor();
        await page
          .getByRole("heading", { level: 1 })
          .locator("..")
          .getByText(texts.states.connected, { exact: true })
          .waitFor();
      },
      3 * PATIENCE_MS,
    );

    it(
      "runs a job on one device first, then on those of the demo fleet",
      async () => {
        await goTo("/");
        for (const chosen of [imei, ...demoImeis]) await chooseRow(row(chosen));
        await page.getByRole("link", { name: texts.table.jobForChosen }).click();
        await page.getByLabel(texts.jobs.rollout.canaryDevices.label).fill("1");
        await page.getByLabel(texts.jobs.rollout.canaryWaitS.label).fill("1");
        await page.getByRole("button", { name: texts.jobs.create }).click();
        await page.getByText(texts.jobs.conditions.canary(1, 1)).waitFor();
        await page.getByText(texts.jobs.statuses.COMPLETED, { exact: true }).waitFor();
        await page.getByText(`${1 + DEMO.devices} ${texts.jobs.parts.succeeded}`).waitFor();
      },
      2 * PATIENCE_MS,
    );

    it(
      "asks the module itself at the console",
      async () => {
        await page.goto(`${world.url}/devices/${deviceId}?tab=console`);
        await page.getByRole("button", { name: texts.console.open }).click();
        const command = page.getByPlaceholder("AT+MQTTSTAT?");
        await command.fill("AT+CSQ");
        await command.press("Enter");
        await page.getByRole("log").getByText("+CSQ:").first().waitFor();
        await page.getByRole("button", { name: texts.console.close }).click();
      },
      2 * PATIENCE_MS,
    );

    it(
      "finds the cause of an outage when the broker is cut off, and sees it end",
      async () => {
        await world.stopBroker();
        await goTo("/");
        await row()
          .getByText(new RegExp(`^(${texts.states.reconnecting}|${texts.states.disconnected})$`))
          .waitFor();
        await page.getByRole("region", { name: texts.attention.title }).getByRole("link").first().waitFor();
        await page.goto(`${world.url}/devices/${deviceId}`);
        const { lost, cause, back } = STORY[language];
        const why = page.getByRole("status");
        await why.filter({ hasText: lost }).filter({ hasText: cause }).waitFor();
        await world.startBroker();
        await why.filter({ hasText: back }).waitFor();
      },
      3 * PATIENCE_MS,
    );
  });
});
