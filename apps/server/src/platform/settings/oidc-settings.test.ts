import { readSettings } from "./read-settings";
import { SettingsError } from "./settings-error";

const NEEDED = {
  FLEET_OIDC_ISSUER: "https://accounts.example.com/realms/fleet",
  FLEET_OIDC_CLIENT_ID: "fleet",
  FLEET_OIDC_CLIENT_SECRET: "secret",
  FLEET_PUBLIC_URL: "https://fleet.example.com",
};

describe("the settings of an OpenID provider", () => {
  it("are absent unless given", () => {
    expect(readSettings({}).oidc).toBeUndefined();
    expect(readSettings({ FLEET_PUBLIC_URL: NEEDED.FLEET_PUBLIC_URL }).oidc).toBeUndefined();
  });

  it("need four, and the roles' own names are their values", () => {
    expect(readSettings(NEEDED).oidc).toEqual({
      issuer: new URL(NEEDED.FLEET_OIDC_ISSUER),
      clientId: "fleet",
      clientSecret: "secret",
      publicUrl: new URL(NEEDED.FLEET_PUBLIC_URL),
      scope: "openid profile email",
      roleClaim: "roles",
      roles: new Map(["viewer", "operator", "admin"].map((role) => [role, role])),
    });
  });

  it("may name a claim, its values and further scopes, and a provider on this machine", () => {
    const given = {
      FLEET_OIDC_ISSUER: "http://127.0.0.1:8080/",
      FLEET_OIDC_SCOPE: "openid  groups",
      FLEET_OIDC_ROLE_CLAIM: "realm_access.roles",
      FLEET_OIDC_ROLES: "admin=/fleet/admins, operator=technicians,operator=ou=night",
    };
    expect(readSettings({ ...NEEDED, ...given }).oidc).toMatchObject({
      issuer: new URL("http://127.0.0.1:8080"),
      scope: "openid groups",
      roleClaim: "realm_access.roles",
      roles: new Map([
        ["/fleet/admins", "admin"],
        ["technicians", "operator"],
        ["ou=night", "operator"],
      ]),
    });
  });

  it.each([
    ["FLEET_OIDC_ISSUER", "accounts.example.com"],
    ["FLEET_OIDC_ISSUER", "http://accounts.example.com"],
    ["FLEET_OIDC_ISSUER", "https://user:password@accounts.example.com"],
    ["FLEET_OIDC_ISSUER", "https://accounts.example.com/?tenant=1"],
    ["FLEET_PUBLIC_URL", "http://fleet.example.com"],
    ["FLEET_PUBLIC_URL", "https://fleet.example.com/fleet"],
    ["FLEET_OIDC_SCOPE", "profile email"],
    ["FLEET_OIDC_SCOPE", 'openid "x"'],
    ["FLEET_OIDC_ROLES", "root=admins"],
    ["FLEET_OIDC_ROLES", "admin="],
    ["FLEET_OIDC_ROLES", "admin=a,,viewer=b"],
    ["FLEET_OIDC_ROLE_CLAIM", "x".repeat(257)],
  ])("refuse %s=%s, and name the variable", (name, value) => {
    expect(() => readSettings({ ...NEEDED, [name]: value })).toThrow(SettingsError);
    expect(() => readSettings({ ...NEEDED, [name]: value })).toThrow(
      new RegExp(`^${name} has a wrong value: expected`),
    );
  });

  it.each(["FLEET_OIDC_CLIENT_ID", "FLEET_OIDC_CLIENT_SECRET", "FLEET_PUBLIC_URL"])(
    "miss %s beside an issuer",
    (name) => {
      expect(() => readSettings({ ...NEEDED, [name]: "" })).toThrow(new RegExp(`^${name} is missing: `));
    },
  );

  it.each(["FLEET_OIDC_CLIENT_ID", "FLEET_OIDC_ROLES"])("miss the issuer where %s is alone", (name) => {
    const value = name === "FLEET_OIDC_ROLES" ? "admin=admins" : "fleet";
    expect(() => readSettings({ [name]: value })).toThrow(`${name} means nothing without FLEET_OIDC_ISSUER`);
  });

  it("say nothing of the secret where it is wrong", () => {
    const secret = "s".repeat(5_000);
    expect(() => readSettings({ ...NEEDED, FLEET_OIDC_CLIENT_SECRET: secret })).toThrow(/^(?!.*sss).*expected at most/);
  });
});
