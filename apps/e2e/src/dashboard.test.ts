import { eventually } from "@mn316-fleet/testkit";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { chooseRow, hasChromium, launchBrowser, openPage } from "./harness/dashboard-browser";
import { cumulativeShift, noteShifts } from "./harness/layout-shift";
import { type Device, World } from "./harness/world";
import type { VirtualModule } from "./harness/virtual-module";

const withChromium = hasChromium ? describe : describe.skip;

withChromium("the dashboard in a real browser", () => {
  const world = new World();
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let device: Device;
  let module: VirtualModule;
  /** What the page threw or complained of; each test empties it. */
  let complaints: string[];

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
    browser = await launchBrowser();
  }, 90_000);
  afterAll(async () => {
    await browser.close();
    await world.stop();
  }, 60_000);

  beforeEach(async () => {
    ({ context, page, complaints } = await openPage(browser));
  });
  afterEach(() => context.close());

  const signedIn = () => page.goto(`${world.url}/#key=${world.adminKey}`);
  const opened = async (tab: string) => {
    await signedIn();
    await row().waitFor();
    await page.goto(`${world.url}/devices/${device.id}?tab=${tab}`);
  };
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

  it("loads less than 300 KiB, compressed, for the first page with all of its panels", async () => {
    const parts = new Set<string>();
    page.on("request", (request) => {
      if (/\.(js|css)$/.test(request.url())) parts.add(request.url());
    });
    await signedIn();
    await row().waitFor();
    await page.getByRole("region", { name: "Outages on a time line" }).waitFor();
    expect(parts.size).toBeGreaterThan(2);
    const sizes = await Promise.all(
      [...parts].map(async (address) => gzipSync(Buffer.from(await (await fetch(address)).arrayBuffer())).length),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300 * 1_024);
  }, 60_000);

  it("keeps what it shows in its place while the rest of the page loads", async () => {
    await signedIn();
    await row().waitFor();
    await noteShifts(page);
    await page.goto(world.url);
    await row().waitFor();
    await page.getByRole("table", { name: "Disconnects by hour and day" }).waitFor();
    await page.getByRole("img", { name: "Availability" }).waitFor();
    expect(await cumulativeShift(page)).toBeLessThan(0.05);
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("names the devices that need attention first, with the reason", async () => {
    await signedIn();
    const panel = page.getByRole("region", { name: "Needs attention first" });
    await panel.getByText("No device is away").waitFor();
    await page.getByRole("img", { name: "Availability" }).waitFor();
    await page.getByText("30 d", { exact: true }).click();
    await page.getByRole("img", { name: "Availability" }).waitFor();
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("lets a person in by name and password, keeps the session over tabs, and lets them out", async () => {
    await world.api.ok("POST", "users", { name: "anna", role: "viewer", password: "correct horse battery" });
    await page.goto(world.url);
    const enter = async (password: string) => {
      await page.getByLabel("Name").fill("anna");
      await page.getByLabel("Password", { exact: true }).fill(password);
      await page.keyboard.press("Enter");
    };
    await enter("not the password");
    await page.getByText("Name or password is wrong.").waitFor();
    await enter("correct horse battery");
    await row().waitFor();
    await page.getByRole("link", { name: "Profiles" }).waitFor();
    expect(await page.getByRole("link", { name: "API keys" }).count()).toBe(0); // are an administrator's
    const cookies = await context.cookies();
    expect(cookies).toMatchObject([{ name: "fleet_session", httpOnly: true, sameSite: "Strict" }]);
    const other = await context.newPage();
    await other.goto(world.url);
    await other.getByRole("row").filter({ hasText: device.imei }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Name").waitFor();
    await other.getByText("Your session is over. Sign in again.").waitFor();
    expect(await context.cookies()).toEqual([]);
    complaints.length = 0; // the browser itself notes each 401
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
    await opened("overview");
    await page.getByText(`subscribed to e2e/${device.imei}`).waitFor();
    await page
      .getByText(/^Connected for/)
      .first()
      .waitFor();
    const before = (await module.commands()).filter((line) => line === "AT+MQTTDISC").length;
    await page.getByRole("button", { name: "Reconnect" }).click();
    await page.getByRole("button", { name: "Reconnect now" }).click();
    await page.getByText("Reconnected.").waitFor();
    expect((await module.commands()).filter((line) => line === "AT+MQTTDISC")).toHaveLength(before + 1);
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("says what a profile would do before it is written, and then who set what", async () => {
    await signedIn();
    await page.getByRole("link", { name: "Profiles" }).click();
    await page.getByRole("link", { name: "New profile" }).click();
    await page.getByRole("heading", { name: "New profile", exact: true }).waitFor();
    await page.getByLabel("Name").fill("slow signal");
    await page.getByLabel("For devices with").fill('{"all": true}');
    await page.getByLabel("Template").fill('{"telemetry": {"signalEveryS": 120}}');
    expect(await page.getByRole("button", { name: "Write and send" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Show what it would do" }).click();
    await page.getByText(/2 devices: 1 get another configuration, 1 keep/).waitFor(); // one has no broker to connect to
    await page.getByRole("button", { name: "Write and send" }).click();
    await page.getByRole("heading", { name: "slow signal" }).waitFor();
    await page.goto(`${world.url}/devices/${device.id}?tab=configuration`);
    await page
      .getByRole("row")
      .filter({ hasText: "telemetry.signalEveryS" })
      .getByRole("link", { name: "slow signal" })
      .waitFor();
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("sets the desired configuration beside what the module holds, writes it, and returns to the version before", async () => {
    await opened("configuration");
    const field = (path: string) => page.getByRole("row").filter({ hasText: path });
    await field("mqtt.clientId").getByText(`e2e-${device.imei}`).waitFor();
    expect(await field("mqtt.clientId").getByText("differs").count()).toBe(0); // filled in, it is the same
    const editor = page.getByRole("textbox", { name: "Settings as JSON" });
    const own = JSON.parse(await editor.inputValue());
    await editor.fill(JSON.stringify({ ...own, mqtt: { ...own.mqtt, ackTimeoutS: 99 } }));
    await page.getByRole("button", { name: "Write and send" }).click();
    await page.getByRole("alert").getByText("mqtt.ackTimeoutS").waitFor();
    await editor.fill(JSON.stringify({ ...own, mqtt: { ...own.mqtt, ackTimeoutS: 12 } }));
    await page.getByRole("button", { name: "Write and send" }).click();
    await field("mqtt.ackTimeoutS").getByText("12").nth(1).waitFor({ timeout: 20_000 }); // desired, and held
    await page.getByRole("button", { name: "Return to this" }).first().click();
    await page
      .getByText(/^returned to version/)
      .first()
      .waitFor();
    complaints.length = 0; // the browser itself notes the 422
  }, 90_000);

  it("talks to the module over the console, and lists what was said among the events", async () => {
    await opened("console");
    await page.getByRole("button", { name: "Open the console" }).click();
    const command = page.getByPlaceholder("AT+MQTTSTAT?");
    await command.fill("AT+MQTTST");
    await page.getByText("asks for the connection state (§2.3)").waitFor();
    await command.fill("AT+CSQ");
    await command.press("Enter");
    await page.getByRole("log").getByText("+CSQ:").first().waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("tab", { name: "Events" }).click();
    await page.getByText("console sent: AT+CSQ").waitFor();
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("builds a job, rehearses it, and watches it to its end", async () => {
    await signedIn();
    await chooseRow(row());
    await page.getByRole("link", { name: /^Job for these devices/ }).click();
    await page.getByText("1 chosen devices").waitFor();
    await page.getByRole("button", { name: "Rehearse" }).click();
    await page.getByText("all would succeed").waitFor();
    await page.getByRole("button", { name: "Start the job" }).click();
    await page.getByText("1 succeeded").waitFor({ timeout: 20_000 });
    await page.getByRole("button", { name: new RegExp(device.imei) }).click();
    await page.getByText("AT+MQTTCFG?").waitFor();
    await page.getByRole("link", { name: "Jobs" }).click();
    await page.getByText("1 of 1 ended").first().waitFor();
    expect(complaints.splice(0)).toEqual([]);
  }, 90_000);

  it("enrols a device with the very key that it shows", async () => {
    await signedIn();
    await page.getByRole("link", { name: "Enrolment" }).click();
    await page.getByRole("heading", { name: "Enrolment", exact: true }).waitFor();
    await page.getByLabel("Name").fill("cabinet crew");
    await page.getByRole("button", { name: "Make the key" }).click();
    const command = await page.getByText(/^npx mn316-agent/).innerText();
    const key = /--enrollment-key (\S+)/.exec(command)?.[1];
    expect(command).toContain(`--server ${world.url.replace("http", "ws")}`);
    const enrolled = await fetch(`${world.url}/agent/enroll`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key, imei: "869999000000001", name: "enrolled pump" }),
    });
    expect(enrolled.status).toBe(201);
    await page.getByRole("link", { name: "Fleet", exact: true }).click();
    await page.getByRole("link", { name: "enrolled pump" }).waitFor();
    expect(complaints.splice(0)).toEqual([]);
  }, 60_000);

  it("makes a key for a viewer, who may look but not change", async () => {
    await signedIn();
    await page.getByRole("link", { name: "API keys" }).click();
    await page.getByRole("heading", { name: "API keys", exact: true }).waitFor();
    await page.getByLabel("Name").fill("wall display");
    await page.getByRole("button", { name: "Make the key" }).click();
    const key = await page.getByText(/^mfk_/).innerText();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto(`${world.url}/devices/${device.id}#key=${key}`);
    await page.getByRole("button", { name: "Reconnect" }).click();
    await page.getByRole("button", { name: "Reconnect now" }).click();
    await page.getByRole("alert").getByText(/role/).waitFor();
    complaints.length = 0; // the browser itself notes the 403
  }, 60_000);

  it("knows which addresses lead nowhere", async () => {
    await signedIn();
    await page.goto(`${world.url}/jobs/00000000-0000-4000-8000-000000000000`);
    await page.getByText("There is nothing here").waitFor();
    complaints.length = 0; // the browser itself notes the 404
  }, 60_000);

  it("follows an outage as it happens, with its cause in words", async () => {
    await signedIn();
    module.fault("network-down", true);
    await row()
      .getByText(/Reconnecting|Disconnected/)
      .waitFor({ timeout: 60_000 });
    await page
      .getByRole("region", { name: "Needs attention first" })
      .getByText(/^away for/)
      .waitFor({ timeout: 30_000 });
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
