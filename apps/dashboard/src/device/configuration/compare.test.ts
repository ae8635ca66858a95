import type { ConfigState } from "@mn316-fleet/contracts";
import { compare } from "./compare";

const state = {
  ...{ version: 3, status: "applied", own: null },
  desired: {
    mqtt: { host: "broker", port: 1883, keepAliveS: 60, password: "***" },
    subscriptions: [
      { topic: "a", qos: 1 },
      { topic: "b", qos: 0 },
    ],
    recovery: { reopenAfterS: 60 },
  },
  reported: {
    mqtt: { host: "broker", port: 1884, keepAliveS: 60, password: "***" },
    subscriptions: [
      { topic: "b", qos: 0 },
      { topic: "a", qos: 1 },
    ],
    trust: { "mqtt.host": "verified", "mqtt.port": "verified", "mqtt.password": "masked" },
  },
  explain: [{ path: "mqtt.port", value: 1883, from: { kind: "device" } }],
} as unknown as ConfigState;

describe("compare", () => {
  it("sets each field beside what the module holds, and says where it comes from", () => {
    const fields = compare(state);
    expect(fields.map(({ path }) => path)).toEqual([
      ...["mqtt.host", "mqtt.port", "mqtt.keepAliveS", "mqtt.password", "subscriptions", "recovery.reopenAfterS"],
    ]);
    expect(fields.filter(({ differs }) => differs)).toEqual([
      { path: "mqtt.port", desired: 1883, from: { kind: "device" }, reported: 1884, differs: true, trust: "verified" },
    ]);
  });

  it("takes a placeholder that was filled in for what it stands for", () => {
    const mqtt = (clientId: string) => ({ mqtt: { clientId } });
    const differs = (desired: string, reported: string) =>
      compare({ ...state, desired: mqtt(desired), reported: mqtt(reported) } as unknown as ConfigState)[0]?.differs;
    expect(differs("meter-{imei}", "meter-866207050000017")).toBe(false);
    expect(differs("{tag:site}.{device}", "berlin.pump 7")).toBe(false);
    expect(differs("meter-{imei}", "pump-866207050000017")).toBe(true);
    expect(differs("a.c", "abc")).toBe(true);
  });

  it("has nothing to compare where nothing is desired, and finds no difference where nothing was reported", () => {
    expect(compare({ ...state, desired: null })).toEqual([]);
    expect(compare({ ...state, reported: null }).some(({ differs }) => differs)).toBe(false);
  });
});
