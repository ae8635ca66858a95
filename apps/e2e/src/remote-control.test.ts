import { eventually } from "@mn316-fleet/testkit";
import { serviceSets } from "./harness/services";
import { type Device, World } from "./harness/world";
import { type VirtualModule } from "./harness/virtual-module";

describe.each(await serviceSets())("remote control of a deployed device, with a server on $name", (services) => {
  const world = new World();
  let device: Device;
  let module: VirtualModule;

  beforeAll(async () => {
    const settings = await services.start();
    await Promise.all([world.startServer(settings), world.startBroker()]);
    device = await world.addDevice(world.config());
    module = await world.startModule(device);
    world.startAgent(device, module);
    await eventually(
      async () => {
        expect((await world.api.ok("GET", `devices/${device.id}`)).module.state).toBe("connected");
      },
      { timeoutMs: 20_000 },
    );
  }, 90_000);
  afterAll(async () => {
    await world.stop();
    await services.stop();
  }, 60_000);

  const commandsSince = async (start: number) => (await module.commands()).slice(start);
  const finished = (jobId: string) =>
    eventually(
      async () => {
        const job = await world.api.ok("GET", `jobs/${jobId}`);
        expect(job.status).toBe("COMPLETED");
        return job;
      },
      { timeoutMs: 30_000 },
    );

  it("brings a reconnect to the module as AT commands", async () => {
    const before = (await module.commands()).length;
    const answer = await world.api.request("POST", `devices/${device.id}/reconnect`);
    expect(answer.status).toBe(201);
    const job = await finished(answer.body.id);
    expect(job.counts).toMatchObject({ succeeded: 1, failed: 0 });
    const commands = await commandsSince(before);
    const disconnect = commands.indexOf("AT+MQTTDISC");
    expect(disconnect).toBeGreaterThanOrEqual(0);
    expect(commands.findIndex((line) => line.startsWith("AT+MQTTOPEN="))).toBeGreaterThan(disconnect);
    expect((await world.api.ok("GET", `devices/${device.id}`)).module.state).toBe("connected");
  }, 60_000);

  it("applies a changed configuration as AT+MQTTCFG and reports it back", async () => {
    const before = (await module.commands()).length;
    const { version } = await world.api.ok("PATCH", `devices/${device.id}/config`, { mqtt: { keepAliveS: 47 } });
    const config = await eventually(
      async () => {
        const now = await world.api.ok("GET", `devices/${device.id}/config`);
        expect(now).toMatchObject({ version, status: "applied" });
        return now;
      },
      { timeoutMs: 30_000 },
    );
    expect(config.reported.mqtt.keepAliveS).toBe(47);
    expect(await commandsSince(before)).toContainEqual(
      expect.stringMatching(new RegExp(`^AT\\+MQTTCFG="127\\.0\\.0\\.1",\\d+,"e2e-${device.imei}",47,`)),
    );
    expect((await world.api.ok("GET", `devices/${device.id}`)).config).toMatchObject({
      desiredVersion: version,
      reportedVersion: version,
      status: "applied",
    });
  }, 60_000);

  it("runs a one-off AT job and keeps its output", async () => {
    const { id } = await world.api.ok("POST", "jobs", {
      kind: "at",
      targets: { deviceIds: [device.id] },
      steps: [{ command: "AT+MQTTSTAT?", expect: "+MQTTSTAT:5" }, { command: "AT+CSQ" }],
    });
    await finished(id);
    const [execution] = await world.api.all(`jobs/${id}/executions`);
    expect(execution).toMatchObject({ status: "SUCCEEDED", deviceId: device.id });
    expect(execution.steps).toMatchObject([
      { command: "AT+MQTTSTAT?", result: "OK", output: ["+MQTTSTAT:5"] },
      { command: "AT+CSQ", result: "OK" },
    ]);
  }, 60_000);

  it("tells a failed step by what the module answered", async () => {
    const { id } = await world.api.ok("POST", "jobs", {
      kind: "at",
      targets: { deviceIds: [device.id] },
      steps: [{ command: "AT+MQTTSTAT?", expect: "+MQTTSTAT:0" }, { command: "AT+CSQ" }],
    });
    const job = await finished(id);
    expect(job.counts).toMatchObject({ succeeded: 0, failed: 1 });
    const [execution] = await world.api.all(`jobs/${id}/executions`);
    expect(execution.status).toBe("FAILED");
    expect(execution.error).toContain("expect");
    expect(execution.steps).toHaveLength(1); // the second step did not run
  }, 60_000);
});
