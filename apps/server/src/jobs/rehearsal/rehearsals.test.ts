import { rehearsalSchema } from "@mn316-fleet/contracts";
import { JobsUnderTest } from "../../test-support/jobs-under-test";

describe("a rehearsal", () => {
  let jobs: JobsUnderTest;
  beforeAll(async () => {
    jobs = await JobsUnderTest.start({});
  }, 60_000);
  beforeEach(() => jobs.clear());
  afterAll(() => jobs.stop());

  const MQTT = { host: "127.0.0.1", port: 9, clientId: "{device}", keepAliveS: 60 };
  const configure = async (deviceId: string, reported: object | null, document: object = { mqtt: MQTT }) => {
    await jobs.server.ok("PUT", `devices/${deviceId}/config`, document);
    await jobs.query("UPDATE device_config SET reported = $2 WHERE device_id = $1", [deviceId, reported]);
  };
  const held = (deviceId: string, more: object = {}) => ({
    mqtt: { ...MQTT, clientId: deviceId, cleanSession: true, ...more },
    subscriptions: [{ topic: `to/${deviceId}`, qos: 1 }],
  });
  const rehearse = async (body: object) => {
    const targets = { selector: { all: true } };
    const answer = await jobs.server.request("POST", "jobs", { targets, rehearse: true, ...body });
    expect(answer.status).toBe(200);
    expect(rehearsalSchema.parse(answer.body)).toEqual(answer.body);
    expect((await jobs.server.ok("GET", "jobs")).items).toEqual([]);
    expect(jobs.server.links.frames).toEqual([]);
    return answer.body;
  };

  it("tries each distinct configuration once, on a module that holds it and reaches nobody", async () => {
    const [one, same, other, bare] = await jobs.addDevices(4);
    await jobs.arrive(one!, same!, other!, bare!);
    await configure(one!, held(one!));
    await configure(same!, held(same!));
    await configure(other!, held(other!, { keepAliveS: 99 }));
    jobs.server.links.frames.length = 0;
    const { devices, configurations, tried, failing, samples } = await rehearse({
      kind: "at",
      steps: [
        { command: "AT+MQTTSTAT?", expect: "+MQTTSTAT:5" },
        { command: "AT+MQTTCFG?", expect: "/,60,/" },
      ],
    });
    expect({ devices, tried, failing }).toEqual({ devices: 4, tried: 4, failing: 2 });
    expect(configurations).toEqual({ distinct: 3, tried: 3, bound: 500 });
    expect(samples.map((sample: { devices: number }) => sample.devices)).toEqual([2, 1, 1]);
    const of = (deviceId: string) => samples.find((sample: { deviceId: string }) => sample.deviceId === deviceId);
    expect(of(samples[0].deviceId)).toMatchObject({ status: "SUCCEEDED", steps: [{ result: "OK" }, { result: "OK" }] });
    expect(of(other!)).toMatchObject({ status: "FAILED", error: expect.stringContaining("step 2") });
    expect(of(bare!)).toMatchObject({ status: "FAILED", reported: null, steps: [{ command: "AT+MQTTSTAT?" }] });
  }, 60_000);

  it("shows what the device's rules refuse, and what the module does", async () => {
    const [device] = await jobs.addDevices(1);
    await configure(device!, null, { mqtt: MQTT, at: { deny: ["AT+CFUN"] } });
    expect(await rehearse({ kind: "at", steps: [{ command: "AT+CFUN=0" }] })).toMatchObject({
      failing: 1,
      samples: [{ status: "REJECTED", error: expect.stringContaining("AT+CFUN"), steps: [] }],
    });
    expect(await rehearse({ kind: "at", steps: [{ command: "AT+NOSUCH" }] })).toMatchObject({
      samples: [{ status: "FAILED", steps: [{ command: "AT+NOSUCH", result: expect.stringContaining("ERROR") }] }],
    });
  }, 60_000);

  it.each(["reconnect", "restart", "probe", "configure"])(
    "knows %s",
    async (kind) => {
      const [device] = await jobs.addDevices(1);
      await configure(device!, held(device!));
      expect(await rehearse({ kind })).toMatchObject({ devices: 1, failing: 0, samples: [{ status: "SUCCEEDED" }] });
    },
    60_000,
  );

  it("tries all distinct configurations up to its bound, the most frequent first, and says what it left out", async () => {
    const devices = await jobs.addDevices(505);
    await jobs.query(
      `INSERT INTO device_config (device_id, reported)
       SELECT id, jsonb_build_object('mqtt', $2::jsonb || jsonb_build_object('keepAliveS', 60 + greatest(n, 3)))
         FROM unnest($1::uuid[]) WITH ORDINALITY AS d (id, n)`,
      [devices, { ...MQTT, clientId: "c" }],
    );
    const { configurations, tried, samples } = await rehearse({ kind: "at", steps: [{ command: "AT+MQTTCFG?" }] });
    expect(configurations).toEqual({ distinct: 503, tried: 500, bound: 500 });
    expect(tried).toBe(502);
    expect(samples[0].devices).toBe(3);
    expect(samples.filter(({ status }: { status: string }) => status !== "SUCCEEDED")).toEqual([]);
  }, 60_000);

  it("of a job that configures tells devices apart that shall be configured differently", async () => {
    const [one, same, other] = await jobs.addDevices(3);
    for (const device of [one!, same!]) await configure(device, held(device));
    await configure(other!, held(other!), { mqtt: { ...MQTT, keepAliveS: 99 } });
    expect(await rehearse({ kind: "configure" })).toMatchObject({ configurations: { distinct: 2 }, tried: 3 });
    expect(await rehearse({ kind: "probe" })).toMatchObject({ configurations: { distinct: 1 }, tried: 3 });
  }, 60_000);

  it("is refused as the job would be", async () => {
    const body = { kind: "probe", rehearse: true, targets: { selector: { tags: ["none"] } } };
    const answer = await jobs.server.request("POST", "jobs", body);
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, "targets.selector"]);
  });
});
