import { eventually } from "@mn316-fleet/testkit";
import { freePort } from "../../../tools/lib/processes.mjs";
import { OwnPostgres } from "../../server/src/test-support/own-postgres";
import { type Device, World } from "./harness/world";

describe("PostgreSQL away", () => {
  const world = new World();
  afterAll(() => world.stop(), 60_000);

  it("at start: one clear line and a non-zero exit", async () => {
    const port = await freePort(0);
    const program = world.run("server", ["apps/server/dist/main.js"], {
      PORT: String(await freePort(0)),
      DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/none`,
    });
    expect(await program.exited).toBeGreaterThan(0);
    const lines = program.lastLines.filter((line) => line.trim() !== "");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("DATABASE_URL");
    expect(lines[0]).toContain(String(port));
  }, 60_000);

  describe("later", () => {
    let postgres: OwnPostgres;
    let device: Device;

    beforeAll(async () => {
      postgres = await OwnPostgres.start();
      await Promise.all([world.startServer({ DATABASE_URL: postgres.url }), world.startBroker()]);
      device = await world.addDevice(world.config({ keepAliveS: 20, pingEcho: true }));
      const module = await world.startModule(device, ["--time-scale", "200"]);
      world.startAgent(device, module);
      await eventually(async () => expect((await events()).length).toBeGreaterThan(5), { timeoutMs: 30_000 });
    }, 120_000);
    afterAll(async () => {
      await world.stop();
      await postgres.remove();
    }, 60_000);

    const events = () => world.api.all(`devices/${device.id}/events?limit=500`);
    const ready = async () => (await world.api.get("/health/ready")).status;

    it("turns readiness red, holds the agents back, and loses nothing", async () => {
      expect(await ready()).toBe(200);
      const before = (await events()).length;
      await postgres.kill();
      await eventually(async () => expect(await ready()).toBe(503), { timeoutMs: 20_000 });
      expect((await world.api.get("/health/live")).status).toBe(200);
      expect((await world.api.get("devices")).status).toBe(503);

      await postgres.startAgain();
      await eventually(async () => expect(await ready()).toBe(200), { timeoutMs: 30_000 });
      await eventually(async () => expect((await events()).length).toBeGreaterThan(before + 10), { timeoutMs: 60_000 });
      const numbers = (await events()).map(({ seq }) => seq as number).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
    }, 150_000);
  });
});
