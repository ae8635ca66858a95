import { eventually } from "@mn316-fleet/testkit";
import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { Api } from "./harness/api";
import { hasChromium, launchBrowser, openPage, signIn } from "./harness/dashboard-browser";
import { type Device, World } from "./harness/world";

const expectEventually = (read: () => Promise<unknown>, wanted: unknown) =>
  eventually(async () => {
    expect(await read()).toEqual(wanted);
  });
const withChromium = hasChromium ? describe : describe.skip;

withChromium("analytics, alerts, audit and people in a real browser", () => {
  const world = new World();
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  let device: Device;

  beforeAll(async () => {
    await world.startServer();
    device = await world.addDevice({ mqtt: { host: "127.0.0.1", port: 1884, clientId: "away" } });
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await world.stop();
  }, 60_000);

  beforeEach(async () => {
    ({ context, page, complaints } = await openPage(browser));
    await signIn(page, world);
  });
  afterEach(() => context.close());

  const open = (name: string) => page.getByRole("link", { name, exact: true }).click();

  it("asks the questions of analytics, keeps them in the address, and saves an answer as CSV", async () => {
    await open("Analytics");
    const outages = page.getByRole("region", { name: "Outages", exact: true });
    await outages.getByText("No outage began in this time.").waitFor();
    await page.getByText("30 days", { exact: true }).click();
    await page.getByLabel("Devices with the tag").fill("north");
    await page.getByRole("button", { name: "Ask" }).click();
    await page.waitForURL(/span=month&tag=north/);
    await page.reload();
    expect(await page.getByLabel("Devices with the tag").inputValue()).toBe("north");
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Outages as CSV" }).click();
    const file = await (await downloading).path();
    expect(readFileSync(file, "utf8")).toMatch(/^deviceId,name,began/);
    expect(complaints).toEqual([]);
  }, 60_000);

  it("drafts a profile of advice, and writes nothing before the operator does", async () => {
    const at = new Date().toISOString();
    // A device must have lived for hours before there is advice: that one answer is made up, all others are the server's.
    await page.route("**/api/v1/analytics/advice?*", (route) =>
      route.fulfill({
        json: {
          ...{ from: at, to: at, timeZone: "UTC", devices: 1, unknownShare: 0, total: 1 },
          rows: [
            {
              ...{ id: "one", kind: "ack-timeout-not-below-keep-alive", deviceId: device.id, name: "pump" },
              severity: "warning",
              finding: { code: "ack-timeout-not-below-keep-alive", parameters: {}, text: "The timeout is too long." },
              evidence: {
                ...{ from: at, to: at, figures: [] },
                settings: { keepAliveS: 30, ackTimeoutS: 30, reopenAfterS: 30, configVersion: 1 },
              },
              effect: { code: "losses-are-noticed", parameters: {}, text: "Losses are noticed." },
              change: { mqtt: { ackTimeoutS: 12 } },
            },
          ],
        },
      }),
    );
    await open("Analytics");
    await page.getByText("The timeout is too long.").waitFor();
    await page.getByRole("button", { name: "Evidence" }).click();
    await page.getByText(/keepAlive 30 s/).waitFor();
    await page.getByRole("button", { name: "Draft a profile" }).click();
    await page.getByRole("heading", { name: "New profile", exact: true }).waitFor();
    expect(await page.getByLabel("Template").inputValue()).toContain('"ackTimeoutS": 12');
    expect((await world.api.ok("GET", "profiles")).items).toEqual([]);
    await page.getByRole("button", { name: "Show what it would do" }).click();
    await page.getByText(/1 devices?: 1 get/).waitFor();
    await page.getByRole("button", { name: "Write and send" }).click();
    await page.getByRole("heading", { name: /^Advice:/ }).waitFor();
    expect((await world.api.ok("GET", "profiles")).items).toHaveLength(1);
    expect(complaints).toEqual([]);
  }, 60_000);

  it("makes a channel, a rule that tells by it and a silence of that, and says what becomes of a test", async () => {
    await open("Alerts");
    await page.getByText("Nothing is wrong.").waitFor();
    await page.getByRole("tab", { name: "Channels" }).click();
    await page.getByLabel("Name").fill("on-call");
    await page.getByLabel("Address").fill("https://hooks.invalid/fleet");
    await page.getByRole("button", { name: "New channel" }).click();
    await page.getByText(/^whsec_/).waitFor();
    await page.getByRole("button", { name: "Send a test on-call" }).click();
    await page.getByText(/The test did not arrive/).waitFor();
    await page.getByRole("button", { name: "Edit on-call" }).click();
    await page.getByLabel("Secret of its signatures").fill("whsec_short");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("secret", { exact: true }).waitFor();
    await page.getByLabel("Secret of its signatures").fill("");
    await page.getByLabel("Address").fill("https://hooks.invalid/other");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("row").filter({ hasText: "on-call" }).getByText("https://hooks.invalid/other").waitFor();

    await page.getByRole("tab", { name: "Rules" }).click();
    await page.getByRole("button", { name: "New rule" }).click();
    await page.getByLabel("Name").fill("flaps");
    await page.getByRole("combobox", { name: "What is watched for" }).click();
    await page.getByRole("option", { name: "Flapping" }).click();
    await page.getByLabel("Disconnects").fill("1");
    await page.getByRole("combobox", { name: "Tell it by" }).press("ArrowDown");
    await page.getByRole("option", { name: "on-call" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("params.disconnects").waitFor();
    await page.getByLabel("Disconnects").fill("5");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Edit flaps" }).waitFor();
    const { items: rules } = await world.api.ok("GET", "alert-rules");
    expect(rules).toMatchObject([{ kind: "flapping", params: { disconnects: 5, withinS: 3_600 }, isEnabled: true }]);
    expect(rules[0].channelIds).toHaveLength(1);
    await page.getByRole("switch", { name: "Switched on flaps" }).click({ force: true });
    await expectEventually(async () => (await world.api.ok("GET", "alert-rules")).items[0].isEnabled, false);

    await page.getByRole("tab", { name: "Silences" }).click();
    await page.getByLabel("Why").fill("works on the mast");
    await page.getByRole("button", { name: "Silence", exact: true }).click();
    await page.getByRole("button", { name: "End works on the mast" }).click();
    await page.getByText("Nothing is silenced.").waitFor();
    expect(complaints.filter((text) => !text.includes("422"))).toEqual([]); // the browser itself notes the 422
  }, 60_000);

  it("adds a person, who changes the own password and gets another role, and finds all of it in the audit", async () => {
    await open("People");
    await page.getByText(/There are no people yet/).waitFor();
    await page.getByLabel("Name").fill("berta");
    await page.getByRole("textbox", { name: "Password" }).fill("too short");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByRole("alert").getByText("password").waitFor();
    await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByRole("combobox", { name: "Role of berta" }).click();
    await page.getByRole("option", { name: "Operator" }).click();
    await expectEventually(async () => (await world.api.ok("GET", "users")).items[0].role, "operator");

    const other = await openPage(browser);
    await other.page.goto(world.url);
    await other.page.getByLabel("Name").fill("berta");
    await other.page.getByLabel("Password", { exact: true }).fill("correct horse battery");
    await other.page.keyboard.press("Enter");
    await other.page.getByRole("link", { name: "Your password" }).click();
    expect(await other.page.getByRole("link", { name: "Audit" }).count()).toBe(0);
    await other.page.getByRole("textbox", { name: "Current password" }).fill("correct horse battery");
    await other.page.getByRole("textbox", { name: "New password" }).fill("another horse battery");
    await other.page.getByRole("button", { name: "Change it" }).click();
    await other.page.getByText(/Your password is changed/).waitFor();
    await other.context.close();

    await open("Audit");
    await page.getByLabel("Who").fill("berta");
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL(/actor=berta/);
    await page.getByText("PUT /api/v1/session/password").waitFor();
    await page.getByLabel("Who").fill("");
    await page.getByLabel("What was done").fill("PATCH /api/v1/users*");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("button", { name: "Details of PATCH /api/v1/users/{id}" }).click();
    await page
      .getByRole("region", { name: "Before" })
      .getByText(/viewer/)
      .waitFor();
    await page
      .getByRole("region", { name: "After" })
      .getByText(/operator/)
      .waitFor();
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export as CSV" }).click();
    expect(readFileSync(await (await downloading).path(), "utf8")).toContain("PATCH /api/v1/users/{id}");
    complaints.length = 0; // the browser itself notes the 422
  }, 90_000);

  it("makes a fleet of its own for others, who see nothing of this one", async () => {
    await open("Fleets");
    const name = page.getByRole("textbox", { name: "Name" });
    await name.fill("North");
    await page.getByRole("button", { name: "Make the fleet" }).click();
    await page.getByText(/must be 1 to 32 small letters/).waitFor();
    await name.fill("north");
    await page.getByRole("button", { name: "Make the fleet" }).click();
    const key = await page.getByText(/^mfk_/).innerText();

    const theirs = await openPage(browser);
    await theirs.page.goto(`${world.url}/#key=${key}`);
    await theirs.page.getByText("north", { exact: true }).waitFor();
    await theirs.page.getByRole("link", { name: "API keys" }).click();
    await theirs.page.getByRole("row").nth(1).waitFor();
    expect(await theirs.page.getByRole("link", { name: "Fleets" }).count()).toBe(0);
    expect((await new Api(world.url, key).ok("GET", "devices")).items).toEqual([]);
    expect(theirs.complaints).toEqual([]);
    await theirs.context.close();

    const row = page.getByRole("row").filter({ hasText: "north" });
    await row.getByRole("button", { name: "Remove north" }).click();
    await row.getByRole("button", { name: "Really remove?" }).click();
    await row.waitFor({ state: "detached" });
    complaints.length = 0; // the browser itself notes the 422
  }, 60_000);

  it("binds a device to a certificate, and lets it go after a second word", async () => {
    await page.goto(`${world.url}/devices/${device.id}`);
    const panel = page.getByRole("region", { name: "Client certificates" });
    const field = panel.getByLabel("SHA-256 of the certificate");
    await field.fill("no fingerprint");
    await panel.getByRole("button", { name: "Bind" }).click();
    await panel.getByText("must be a SHA-256 as 64 hex digits").waitFor();
    await field.fill("AB:".repeat(31) + "AB");
    await panel.getByRole("button", { name: "Bind" }).click();
    await panel.getByText("ab".repeat(32)).waitFor();
    await panel.getByRole("button", { name: "Let the token be enough" }).click();
    await panel.getByRole("button", { name: "Really without a certificate?" }).click();
    await panel.getByText("it is bound to no certificate").waitFor();
    expect((await world.api.ok("GET", `devices/${device.id}/certificate`)).items).toEqual([]);
  }, 60_000);
});
