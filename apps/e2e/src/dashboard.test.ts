import { eventually } from "@mn316-fleet/testkit";
import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { type Device, World } from "./harness/world";
import type { VirtualModule } from "./harness/virtual-module";

const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
const withChromium = existsSync(CHROMIUM) ? describe : describe.skip;

withChromium("the dashboard in a real browser", () => {
  const world = new World();
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let device: Device;
  let module: VirtualModule;
  /** What the page threw or complained of; each test empties it. */
  const complaints: string[] = [];

  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    device = await world.addDevice(world.config());
    await world.addDevice(); // whose agent never came
    module = await world.startModule(device);
    world.startAgent(device, module);
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

  beforeEach(async () => {
    context = await browser.newContext({ locale: "en" });
    page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  });
  afterEach(() => context.close());

  const signedIn = () => page.goto(`${world.url}/#key=${world.adminKey}`);
  const row = () => page.getByRole("row").filter({ hasText: device.imei });

  it("asks for a key, refuses a wrong one, and takes the right one out of the address", async () => {
    await page.goto(world.url);
    await page.getByLabel(/key/i).fill("mfk_wrong");
    await page.keyboard.press("Enter");
    await page.getByText("This key is not valid here").waitFor();
    expect(await page.getByRole("alert").count()).toBe(1);
    expect(complaints.splice(0).filter((text) => !text.includes("401"))).toEqual([]); // the browser itself notes a 401

    await signedIn();
    await page.reload();
    await row()
      .getByText(/^Connected$/)
      .waitFor();
    expect(page.url()).not.toContain(world.adminKey);
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("narrows the list, keeps the filter in the address, and tells the two links apart", async () => {
    await signedIn();
    await page.getByRole("button", { name: /^Agent offline/ }).click();
    await row().waitFor({ state: "detached" });
    await page.getByText("never seen").waitFor();
    await page.reload();
    await page.getByText("never seen").waitFor();
    expect(await row().count()).toBe(0);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await row().waitFor();
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("shows what happened to a device and has it reconnect", async () => {
    await signedIn();
    await row()
      .getByRole("button", { name: /Show details/ })
      .click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText(`subscribed to e2e/${device.imei}`).waitFor();
    await drawer
      .getByText(/"clientId"/)
      .first()
      .waitFor();
    const before = (await module.commands()).filter((line) => line === "AT+MQTTDISC").length;
    await drawer.getByRole("button", { name: "Reconnect" }).click();
    await page.getByRole("button", { name: "Reconnect now" }).click();
    await drawer.getByText("Reconnected.").waitFor();
    expect((await module.commands()).filter((line) => line === "AT+MQTTDISC")).toHaveLength(before + 1);
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("follows an outage as it happens, with its cause in words", async () => {
    await signedIn();
    module.fault("network-down", true);
    await row()
      .getByText(/Reconnecting|Disconnected/)
      .waitFor({ timeout: 60_000 });
    module.fault("network-down", false);
    await row()
      .getByText(/^Connected$/)
      .waitFor({ timeout: 90_000 });
    expect(complaints.splice(0)).toEqual([]);
  }, 180_000);

  it("speaks Chinese, and remembers it", async () => {
    await signedIn();
    await page.getByText("中文", { exact: true }).click();
    await row().getByText("已连接").waitFor();
    expect(await page.locator("html").getAttribute("lang")).toMatch(/^zh/);
    await page.reload();
    await row().getByText("已连接").waitFor();
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("says that the server is away, and goes on by itself when it is back", async () => {
    await signedIn();
    await row().waitFor();
    await world.killServer();
    await page
      .getByText(/cannot be reached/)
      .first()
      .waitFor();
    expect(await row().count()).toBe(1); // what was known stays in sight
    await world.startServer();
    await page
      .getByText(/cannot be reached/)
      .first()
      .waitFor({ state: "detached", timeout: 30_000 });
    complaints.length = 0; // the browser notes every request that failed meanwhile
  }, 120_000);
});
