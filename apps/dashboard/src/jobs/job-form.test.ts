import { createJobSchema } from "@mn316-fleet/contracts";
import { emptyForm, jobOf, selectorOf } from "./job-form";

const ID = "0b9a3f52-6d0e-4c1f-9a57-2f6f3d1f8a11";

describe("a job's form", () => {
  it("says nothing of what was not filled in", () => {
    expect(jobOf(emptyForm([ID], {}))).toEqual({ kind: "probe", targets: { deviceIds: [ID] } });
  });

  it("takes over what the page before was narrowed to", () => {
    expect(selectorOf(emptyForm([], { q: "pump", tag: "north", state: "disconnected", online: "false" }))).toEqual({
      ...{ q: "pump", tags: ["north"], state: ["disconnected"], online: false },
    });
    expect(selectorOf(emptyForm([], {}))).toBeUndefined();
    expect(selectorOf({ ...emptyForm([], { q: "pump" }), isEveryDevice: true })).toEqual({ all: true });
  });

  it("makes a job that the server's schema takes, with everything said", () => {
    const job = jobOf({
      ...emptyForm([], { tag: "north" }),
      ...{ kind: "at", isContinuous: true, isRepeatable: true, timeoutS: 30, retries: 2 },
      steps: [
        { command: "AT+CSQ", expect: "/^.CSQ:/" },
        { command: "AT+MQTTSTAT?", expect: "" },
      ],
      ...{ perMinute: 100, concurrent: 20, canaryDevices: 5, canaryWaitS: 60, abortPercent: 10, abortMin: 20 },
      ...{ windowFrom: "01:00", windowTo: "05:00", windowDays: ["sat"], cron: "0 2 * * *" },
    });
    expect(createJobSchema.parse(job)).toMatchObject({
      targets: { selector: { tags: ["north"] }, mode: "continuous" },
      steps: [{ command: "AT+CSQ", expect: "/^.CSQ:/" }, { command: "AT+MQTTSTAT?" }],
      rollout: { perMinute: 100, canary: { devices: 5, waitS: 60 }, abort: { failedPercent: 10, minExecuted: 20 } },
      window: { from: "01:00", to: "05:00", days: ["sat"] },
      schedule: { cron: "0 2 * * *" },
    });
  });
});
