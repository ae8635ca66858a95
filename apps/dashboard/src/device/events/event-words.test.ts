import { STORED_KINDS } from "@mn316-fleet/protocol";
import { en } from "../../texts/en";
import { zh } from "../../texts/zh";
import { inWords, isRoutine } from "./event-words";

const base = { epoch: 1, seq: 1, at: "2026-01-01T00:00:00.000Z", receivedAt: "2026-01-01T00:00:00.000Z" };

describe("events in words", () => {
  it("tells an outage as a person would", () => {
    const event = { ...base, kind: "state", from: "connected", to: "reconnecting", cause: "heartbeat-lost" };
    expect(inWords(event, en)).toBe("Connected → Reconnecting: lost its heart-beat");
    expect(inWords({ ...base, kind: "timeout", type: 5 }, en)).toBe("timeout: heart-beat");
    expect(inWords({ ...base, kind: "signal", rssi: 99 }, en)).toBe("signal not told");
    expect(inWords({ ...base, kind: "serial", state: "lost" }, en)).toBe("serial line lost");
    expect(inWords({ ...base, kind: "execution", status: "TIMED_OUT" }, zh)).toBe("设备任务超时");
    expect(inWords({ ...base, kind: "recovery", step: "reopen", reason: "step 1" }, en)).toBe(
      "recovery: opens the connection again (step 1)",
    );
  });

  it("tells what it does not know by its own name", () => {
    expect(inWords({ ...base, kind: "moon-phase" }, en)).toBe("moon-phase");
    expect(inWords({ ...base, kind: "serial", state: "on-fire" }, en)).toBe("on-fire");
    expect(inWords({ ...base, kind: "config", version: 2, status: "version" }, en)).toBe("configuration 2 version");
  });

  it.each(STORED_KINDS)("has words for %s in both languages", (kind) => {
    const event = {
      ...base,
      kind,
      from: "connected",
      to: "unknown",
      cause: "unknown",
      type: 1,
      rssi: 1,
      state: "lost",
    };
    for (const texts of [en, zh]) {
      expect(inWords(event, texts)).not.toContain("undefined");
      expect(inWords(event, texts)).not.toBe(kind);
    }
  });

  it("takes signal readings and heart-beats for routine, trouble never", () => {
    expect(STORED_KINDS.filter((kind) => isRoutine({ kind }))).toEqual(["ping", "signal"]);
  });
});
