import { eventually } from "@mn316-fleet/testkit";
import type { Browser, Page } from "playwright-core";
import { freePort } from "../../../tools/lib/processes.mjs";
import { OpenidProvider } from "../../server/src/test-support/openid-provider";
import { hasChromium, launchBrowser, openPage } from "./harness/dashboard-browser";
import { World } from "./harness/world";

/** The provider is `localhost`, the fleet `127.0.0.1`: to the browser they are two sites. */
(hasChromium ? describe : describe.skip)("signing in at an OpenID provider, in a real browser", () => {
  const world = new World();
  let browser: Browser;
  let provider: OpenidProvider;

  beforeAll(async () => {
    world.port = await freePort(0);
    provider = await OpenidProvider.start(`${world.url}/api/v1/session/oidc/callback`, "localhost");
    await world.startServer({
      FLEET_PUBLIC_URL: world.url,
      FLEET_OIDC_ISSUER: provider.issuer.href,
      FLEET_OIDC_CLIENT_ID: provider.client.clientId,
      FLEET_OIDC_CLIENT_SECRET: provider.client.clientSecret,
      FLEET_OIDC_ROLES: "admin=fleet-admins",
    });
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await world.stop();
    await provider.stop();
  }, 60_000);

  const button = (page: Page) => page.getByRole("button", { name: `Sign in at ${provider.issuer.host}` });
  const proveAs = async (page: Page, subject: string) => {
    await page.goto(world.url);
    await button(page).click();
    await page.getByPlaceholder("Enter any login").fill(subject);
    await page.getByPlaceholder("and password").fill("any");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
  };

  it("leads there and back into the dashboard, where a reload finds the session still", async () => {
    provider.people.set("ada", { preferred_username: "ada", roles: ["fleet-admins"] });
    const { context, page, complaints } = await openPage(browser);
    await proveAs(page, "ada");
    await page.getByRole("link", { name: "API keys" }).waitFor();
    expect(new URL(page.url())).toMatchObject({ origin: world.url, hash: "" });
    complaints.length = 0; // those of the provider's own pages
    await page.reload();
    await page.getByRole("link", { name: "People" }).click();
    await page.getByText(`Signs in at ${provider.issuer.host}, which says the role`).waitFor();
    expect(complaints).toEqual([]);
    const [{ id }] = (await world.api.ok("GET", "users")).items;
    await world.api.ok("DELETE", `users/${id}`);
    await page.reload();
    await button(page).waitFor();
    await context.close();
  }, 60_000);

  it("says why nobody is signed in: without a role, and while the provider is away", async () => {
    provider.people.set("bob", { preferred_username: "bob", roles: [] });
    const { context, page } = await openPage(browser);
    await proveAs(page, "bob");
    await page.getByText("You are known at the sign-in provider, but have no role here.").waitFor();
    await context.close();
    await provider.stop();
    const { context: later, page: again } = await openPage(browser);
    await world.killServer(); // which knows the provider; the next one does not yet
    await world.startServer({
      FLEET_PUBLIC_URL: world.url,
      FLEET_OIDC_ISSUER: provider.issuer.href,
      FLEET_OIDC_CLIENT_ID: provider.client.clientId,
      FLEET_OIDC_CLIENT_SECRET: provider.client.clientSecret,
    });
    await eventually(() => again.goto(world.url));
    await button(again).click();
    await again.getByText("The sign-in provider does not answer as it should.").waitFor();
    await later.close();
  }, 90_000);
});
