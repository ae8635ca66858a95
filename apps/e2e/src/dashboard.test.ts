import { eventually } from "@mn316-fleet/testkit";
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { World } from "./harness/world";

const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
const withChromium = existsSync(CHROMIUM) ? describe : describe.skip;

withChromium("the dashboard in a real browser", () => {
  const world = new World();
  let browser: Browser;

  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    const device = await world.addDevice(world.config());
    world.startAgent(device, await world.startModule(device));
    await eventually(
      async () => {
        expect((await world.api.ok("GET", `devices/${device.id}`)).module.state).toBe("connected");
      },
      { timeoutMs: 20_000 },
    );
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  }, 90_000);
  afterAll(async () => {
    await browser.close();
    await world.stop();
  }, 60_000);

  it("asks for a key, refuses a wrong one, and shows the live device list with the right one", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(world.url);
    await page.getByLabel(/key/i).fill("mfk_wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    expect(errors.splice(0).filter((error) => !error.includes("401"))).toEqual([]); // the browser itself notes a 401

    await page.goto(`${world.url}/#key=${world.adminKey}`);
    await page.reload();
    await page
      .getByRole("row")
      .filter({ hasText: /Connected/ })
      .first()
      .waitFor();
    expect(page.url()).not.toContain(world.adminKey);
    expect(errors).toEqual([]);
  }, 60_000);
});
