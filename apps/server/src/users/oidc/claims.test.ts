import type { Role } from "@mn316-fleet/contracts";
import { claimedRole } from "./claimed-role";
import { userNames } from "./user-name";

describe("the role that claims stand for", () => {
  const roles = new Map<string, Role>([
    ["viewer", "viewer"],
    ["technicians", "operator"],
    ["shift-leads", "operator"],
    ["admins", "admin"],
  ]);
  it.each<[string, object, string, Role | undefined]>([
    ["one value", { groups: "technicians" }, "groups", "operator"],
    ["the highest of several", { groups: ["viewer", "admins", "technicians"] }, "groups", "admin"],
    ["a value beside others", { groups: ["x", "shift-leads"] }, "groups", "operator"],
    ["a path", { realm_access: { roles: ["viewer"] } }, "realm_access.roles", "viewer"],
    ["a name with dots", { "https://fleet.example.com/roles": ["admins"] }, "https://fleet.example.com/roles", "admin"],
    ["no such claim", { roles: ["admins"] }, "groups", undefined],
    ["no value that is known", { groups: ["Admins", "admin", "operator"] }, "groups", undefined],
    ["what is no text", { groups: [{ admins: true }, 1, null, ["admins"]] }, "groups", undefined],
    ["what every object has", {}, "constructor.name", undefined],
    ["a path through a text", { groups: "admins" }, "groups.length", undefined],
  ])("of %s", (_name, claims, claim, role) => {
    expect(claimedRole(claims as Record<string, unknown>, claim, roles)).toBe(role);
  });
});

describe("the name of a person of a provider", () => {
  const names = (claims: object) => userNames({ iss: "https://accounts.example.com", sub: "1", ...claims });
  it.each([
    [{ preferred_username: "Ada", email: "ada@example.com" }, "ada"],
    [{ email: "Ada.L@Example.com", name: "Ada Lovelace" }, "ada.l@example.com"],
    [{ name: "Émilie du Châtelet" }, "emilie.du.chatelet"],
    [{ preferred_username: "张伟", email: "zhang@example.com" }, "zhang@example.com"],
    [{ preferred_username: " ../x" }, "x"],
    [{ preferred_username: 7, name: "x".repeat(100) }, "x".repeat(64)],
  ])("of %j", (claims, name) => {
    const [wanted, own = ""] = names(claims);
    expect(wanted).toBe(name);
    expect(own).toMatch(/^[a-z\d][a-z\d._@-]{0,46}\.[\da-f]{16}$/);
  });

  it("is their own where they tell none", () => {
    expect(names({ name: "张伟" })).toEqual([expect.stringMatching(/^user\.[\da-f]{16}$/)]);
    expect(names({})).not.toEqual(names({ sub: "2" }));
  });
});
