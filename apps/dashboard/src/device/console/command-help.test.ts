import { completionOf, suggestionsFor } from "./command-help";

describe("help of the console", () => {
  it("offers every form of what was begun, from the manual", () => {
    expect(suggestionsFor("at+mqttst").map(({ command }) => command)).toEqual(["AT+MQTTSTAT?"]);
    expect(suggestionsFor("AT+MQTTCFG").map(completionOf)).toEqual(["AT+MQTTCFG?", "AT+MQTTCFG="]);
    expect(suggestionsFor("AT+CSQ")[0]?.section).toContain("27.007");
  });

  it("goes on explaining while arguments are typed", () => {
    expect(suggestionsFor('AT+MQTTSUB="a",')).toMatchObject([{ section: "§2.4" }]);
    expect(suggestionsFor('AT+MQTTSUB="a",')[0]?.command).toContain("<topic>");
  });

  it("says nothing to what is no command", () => {
    expect(suggestionsFor("")).toEqual([]);
    expect(suggestionsFor("hello")).toEqual([]);
  });
});
