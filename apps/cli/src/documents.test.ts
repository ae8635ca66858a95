import { InvalidArgumentError } from "commander";
import type { ConfigState } from "@mn316-fleet/contracts";
import { deviations, differences } from "./differences";
import { documentOf } from "./documents";
import { UsageError } from "./errors";
import { future, time } from "./options";

describe("a document of assignments", () => {
  it("holds JSON where a value is such, else texts", () => {
    expect(documentOf(["mqtt.port=1884", "mqtt.host=a=b", "mqtt.will=null", 'at.deny=["AT+CFUN"]'])).toEqual({
      mqtt: { port: 1884, host: "a=b", will: null },
      at: { deny: ["AT+CFUN"] },
    });
  });
  it.each(["__proto__.x=1", "a.constructor=1", "a..b=1", ".a=1"])("refuses the path of %s", (text) => {
    expect(() => documentOf([text])).toThrow(UsageError);
    expect({}).not.toHaveProperty("x");
  });
  it("refuses a path that runs into a value", () => {
    expect(() => documentOf(["a=1", "a.b=2"])).toThrow("runs into a value");
    expect(() => documentOf(["a"])).toThrow(InvalidArgumentError);
  });
});

describe("the comparison of documents", () => {
  it("names what differs, and leaves out a side that has none", () => {
    expect(differences({ a: { b: 1, c: [1] }, d: 1 }, { a: { b: 2, c: [1] }, e: null })).toEqual([
      { path: "a.b", from: 1, to: 2 },
      { path: "d", from: 1 },
      { path: "e", to: null },
    ]);
    expect(differences(null, {})).toEqual([]);
  });
  it("takes what the module holds for what is asked where placeholders were filled in", () => {
    const state = {
      desired: { mqtt: { clientId: "pump-{imei}.x", port: 1883, password: "***" }, recovery: { maxReopens: 3 } },
      reported: { mqtt: { clientId: "pump-8662.x", port: 1884, password: "" }, state: "connected" },
    } as unknown as ConfigState;
    expect(deviations(state)).toEqual([{ path: "mqtt.port", from: 1884, to: 1883 }]);
    state.reported = { mqtt: { clientId: "pump-8662/x" } };
    expect(deviations(state)).toEqual([{ path: "mqtt.clientId", from: "pump-8662/x", to: "pump-{imei}.x" }]);
  });
});

describe("the times of options", () => {
  it("are moments, or lengths of time from now", () => {
    expect(time("2026-11-27T08:00:00+01:00")).toBe("2026-11-27T07:00:00.000Z");
    expect(Math.abs(Date.parse(time("24h")) - (Date.now() - 86_400_000))).toBeLessThan(60_000);
    expect(Math.abs(Date.parse(future("2d")) - (Date.now() + 2 * 86_400_000))).toBeLessThan(60_000);
  });
  it.each(["", "2026", "tomorrow", "-3h", "99999999999d"])("are not %j", (text) => {
    expect(() => time(text)).toThrow(InvalidArgumentError);
  });
});
