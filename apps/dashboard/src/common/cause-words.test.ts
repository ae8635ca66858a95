import { CAUSES } from "@mn316-fleet/protocol";
import { en } from "../texts/en";
import { zh } from "../texts/zh";
import { causeInWords } from "./cause-words";

describe("causes in words", () => {
  it("tell a module that still tries from one that gave up (§3.4)", () => {
    expect(causeInWords({ state: "reconnecting", cause: "heartbeat-lost" }, en)).toBe("lost its heart-beat");
    expect(causeInWords({ state: "disconnected", cause: "heartbeat-lost" }, en)).toBe(
      "lost its heart-beat, then gave up",
    );
    expect(causeInWords({ state: "disconnected", cause: "requested" }, en)).toBe("on request");
    expect(causeInWords({ state: "unknown", cause: null }, en)).toBe("–");
  });

  it.each(CAUSES)("have words for %s in both languages", (cause) => {
    for (const texts of [en, zh])
      expect(causeInWords({ state: "disconnected", cause }, texts)).not.toContain("undefined");
  });
});
