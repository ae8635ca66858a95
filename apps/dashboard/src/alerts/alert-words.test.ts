import { ALERT_KINDS } from "@mn316-fleet/contracts";
import { en } from "../texts/en";
import { zh } from "../texts/zh";
import { alertWords } from "./alert-words";

const text = "the server's words";

describe("the words of an alert", () => {
  it("say what is wrong with whom, in both languages", () => {
    const summary = { code: "module-disconnected", params: { name: "pump", state: "reconnecting" }, text };
    expect(alertWords(summary, en.alerts.what)).toBe("pump: module not connected (reconnecting)");
    expect(alertWords(summary, zh.alerts.what)).toBe("pump：模组未连接（reconnecting）");
  });

  it("name a group by its cell or tag", () => {
    const summary = { code: "device-offline-group", params: { devices: 12, groupBy: "cell", group: "4A" }, text };
    expect(alertWords(summary, en.alerts.what)).toBe("12 devices of cell 4A: agent offline");
    expect(alertWords(summary, zh.alerts.what)).toBe("小区 4A 的 12 台设备：代理离线");
  });

  it("leave a kind that is newer than the page to the server", () => {
    for (const code of ["sleepy", "group", "sleepy-group"])
      expect(alertWords({ code, params: {}, text }, en.alerts.what)).toBe(text);
    for (const code of ALERT_KINDS)
      expect(alertWords({ code, params: { name: "x" }, text }, en.alerts.what)).not.toBe(text);
  });
});
