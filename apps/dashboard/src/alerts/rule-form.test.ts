import { type AlertRule, ALERT_KINDS, writeAlertRuleSchema } from "@mn316-fleet/contracts";
import { bodyOf, formOf, PARAMS } from "./rule-form";

const rule = (change: Partial<AlertRule>): AlertRule => ({
  ...{ id: "00000000-0000-4000-8000-000000000000", name: "away", description: "", kind: "flapping" as const },
  ...{ params: { disconnects: 5, withinS: 600 }, selector: { all: true }, severity: "critical" as const },
  ...{ clearAfterS: 60, groupBy: { by: "none" }, channelIds: [], isEnabled: false, openAlerts: 0, evaluatedAt: null },
  ...{ version: 3, createdAt: "", updatedAt: "", updatedBy: "" },
  ...change,
});

describe("the form of a rule", () => {
  it.each(ALERT_KINDS)("begins with what the server accepts, for %s", (kind) => {
    const body = bodyOf({ ...formOf(undefined), name: "a rule", kind, params: PARAMS[kind] });
    expect(writeAlertRuleSchema.safeParse(body).error?.issues).toBeUndefined();
  });

  it("gives back what it was made of", () => {
    const groupBy = { by: "tag", prefix: "site:", minDevices: 4, withinS: 90 };
    const whole = rule({ selector: { tags: ["north"] }, groupBy });
    expect(bodyOf(formOf(whole))).toEqual({
      ...{ name: "away", description: "", kind: "flapping", params: { disconnects: 5, withinS: 600 } },
      ...{ severity: "critical", clearAfterS: 60, selector: { tags: ["north"] }, groupBy },
      ...{ channelIds: [], isEnabled: false },
    });
  });

  it("keeps a selector that it has no fields for", () => {
    const selector = { firmware: "1.2", tags: ["north"] };
    expect(bodyOf(formOf(rule({ selector })))).toMatchObject({ selector });
  });

  it("leaves out a number that was left empty", () => {
    expect(bodyOf({ ...formOf(rule({})), clearAfterS: "" })).not.toHaveProperty("clearAfterS");
  });
});
