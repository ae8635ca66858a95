import { forbiddenBy } from "./at-policy";

describe("the AT policy of a device", () => {
  it.each<[string[], string[], string, string | undefined]>([
    [[], [], "AT+CSQ", undefined],
    [[], ["AT+CFUN"], "AT+CFUN=1,1", "at.deny forbids AT+CFUN"],
    [[], ["at+cfun"], "AT+cfun?", "at.deny forbids at+cfun"],
    [[], ["AT+CFUN"], "AT+CFUNX", undefined],
    [[], ["AT+MQTT*"], "AT+MQTTSTAT?", "at.deny forbids AT+MQTT*"],
    [["AT+CSQ"], [], "AT+CSQ", undefined],
    [["AT+CSQ"], [], "AT+CGSN=1", "at.allow does not name AT+CGSN"],
    [["AT*"], ["AT+CFUN"], "AT+CFUN=0", "at.deny forbids AT+CFUN"],
  ])("allow %j, deny %j: %s", (allow, deny, command, expected) => {
    expect(forbiddenBy({ allow, deny }, command)).toBe(expected);
  });
});
