import { BASIC_COMMANDS, MQTT_COMMANDS, mqttCommand } from "./commands";
import { errorCode, errorMeaning } from "./error-codes";
import { MODULE_STATES, moduleState } from "./states";
import { isTimeoutType, TIMEOUT_NAMES } from "./timeouts";
import { type UrcEntry, urcName, URCS } from "./urcs";

describe("the manual as data", () => {
  it("lists every command of chapter 2 in its order, each in at least one form", () => {
    expect(MQTT_COMMANDS.map(({ name, section }) => `${section} ${name}`)).toEqual([
      "§2.1 MQTTCFG",
      "§2.2 MQTTOPEN",
      "§2.3 MQTTSTAT",
      "§2.4 MQTTSUB",
      "§2.5 MQTTPUB",
      "§2.6 MQTTUNSUB",
      "§2.7 MQTTDISC",
      "§2.8 MQTTDEL",
      "§2.9 MQTTTO",
      "§2.10 MQTTPING",
    ]);
    for (const { name } of MQTT_COMMANDS) {
      const { set, hasRead, hasExecute } = mqttCommand(name);
      expect([set !== undefined, hasRead, hasExecute]).toContain(true);
    }
  });

  it("names only URCs that it lists as outcomes of commands", () => {
    const known = URCS.map(({ name }) => name) as string[];
    for (const { name } of MQTT_COMMANDS)
      expect(known).toEqual(expect.arrayContaining([...(mqttCommand(name).urcs ?? [])]));
  });

  it("has no two entries of one name", () => {
    const spellings = (URCS as readonly UrcEntry[]).flatMap(({ name, alsoSpelt = [] }) => [name, ...alsoSpelt]);
    expect(new Set(spellings).size).toBe(spellings.length);
    const commands = [...MQTT_COMMANDS, ...BASIC_COMMANDS].map(({ name }) => name);
    expect(new Set(commands).size).toBe(commands.length);
  });

  it("knows both spellings of the heart-beat's answer", () => {
    expect([urcName("MQTTPINGRESP"), urcName("MQTTPINGRSP"), urcName("MQTTSTAT")]).toEqual([
      "MQTTPINGRESP",
      "MQTTPINGRESP",
      undefined,
    ]);
  });

  it("knows the eight states and six timeouts by number", () => {
    expect([0, 5, 7, 8].map(moduleState)).toEqual(["uninitialized", "connected", "tcp-connected", undefined]);
    expect(MODULE_STATES).toHaveLength(8);
    expect(TIMEOUT_NAMES).toEqual(["connect", "publish", "subscribe", "unsubscribe", "ping", "unknown"]);
    expect([0, 1, 6, 7].map(isTimeoutType)).toEqual([false, true, true, false]);
  });

  it.each([
    [3, "operation not allowed"],
    [8007, "previous command unfinished"],
    [8013, "an error of the module's chip"],
    [605, "an error of the module's MQTT client"],
    [99_999, undefined],
    ["SIM busy", "SIM busy"],
  ])("explains +CME ERROR: %s", (err, meaning) => {
    expect(errorMeaning(err)).toBe(meaning);
  });

  it("finds the number of a verbose error", () => {
    expect(errorCode("Operation not allowed")).toBe(3);
    expect(errorCode("nonsense")).toBeUndefined();
  });
});
