import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { FleetServer } from "./test-support/fleet-server";
import { TestAgent } from "./test-support/test-agent";

/** One fleet of three processes, each with a part of its own. */
describe("FLEET_ROLES", () => {
  let database: TestDatabase;
  let api: FleetServer;
  let gateway: FleetServer;
  let worker: FleetServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    const start = (role: "api" | "gateway" | "worker") =>
      FleetServer.start(database.url, { roles: new Set([role]), adminKey: `mfk_${"k".repeat(43)}` });
    [api, gateway, worker] = [await start("api"), await start("gateway"), await start("worker")];
  }, 60_000);
  afterAll(async () => {
    for (const server of [api, gateway, worker]) await server.stop();
    await database.drop();
  });

  it("lets agents in only where there is a gateway", async () => {
    const { token } = await api.createDevice();
    for (const server of [api, worker]) {
      const refused = new TestAgent(server.url, token);
      expect(await refused.closeCode()).toBe(1006);
      expect(refused.frames).toEqual([]);
    }
    const agent = await TestAgent.connect(gateway.url, token);
    await agent.leave();
  });

  it("answers the API only where there is one, and its health everywhere", async () => {
    expect((await api.request("GET", "devices")).status).toBe(200);
    expect((await api.send("GET", "/api/openapi.json")).status).toBe(200);
    for (const server of [gateway, worker]) {
      for (const path of ["/api/v1/devices", "/api/openapi.json", "/api/docs", "/"]) {
        const answer = await server.send("GET", path, {
          headers: { authorization: `Bearer ${server.settings.adminKey}` },
        });
        expect([path, answer.status, answer.headers.get("content-type")]).toEqual([
          path,
          404,
          "application/problem+json; charset=utf-8",
        ]);
      }
      expect((await server.send("GET", "/metrics")).status).toBe(200);
    }
    for (const server of [api, gateway, worker]) expect((await server.send("GET", "/health/ready")).status).toBe(200);
  });

  it("takes all three to bring a job to a device and its result back", async () => {
    const { id, token } = await api.createDevice();
    const agent = await TestAgent.connect(gateway.url, token);
    const waiting = await api.ok("POST", `devices/${id}/probe`);
    const { execution } = await agent.next("execute");
    agent.events([{ seq: 1, at: Date.now(), kind: "execution", execution, attempt: 1, status: "SUCCEEDED" }]);
    await agent.acked(1);
    await eventually(async () => {
      expect((await api.ok("GET", `jobs/${waiting.id}`)).status).toBe("COMPLETED");
    });
    await worker.stop();
    const left = await api.ok("POST", `devices/${id}/probe`);
    await new Promise((resolve) => setTimeout(resolve, 300)); // time enough for a worker that should not be there
    expect(agent.of("execute")).toHaveLength(1);
    expect((await api.ok("GET", `jobs/${left.id}`)).counts.queued).toBe(1);
    worker = await FleetServer.start(database.url, {
      roles: new Set(["worker"] as const),
      adminKey: api.settings.adminKey,
    });
    await agent.next("execute", 1);
    await agent.vanish();
  });
});
