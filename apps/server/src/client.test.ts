import { FleetClient, pages, ProblemResponseError } from "@mn316-fleet/client";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { FleetServer } from "./test-support/fleet-server";

/** Where a provider sends a person's browser back to: no program asks for it. */
const OF_BROWSERS = "GET /api/v1/session/oidc/callback";

const CONFIG = { mqtt: { host: "broker.example", port: 1883, clientId: "{device}" } };
type Method = (...args: unknown[]) => Promise<unknown>;

describe("the client and the server", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let client: FleetClient;
  let requested: Set<string>;
  /** `GET /api/v1/devices/{id}`, … as the document lists them, with patterns of their addresses. */
  let operations: { name: string; pattern: RegExp }[];

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
    const { body } = await server.send("GET", "/api/openapi.json");
    operations = Object.entries(body.paths as Record<string, object>)
      .filter(([path]) => path.startsWith("/api/v1/"))
      .flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => ({
          name: `${method.toUpperCase()} ${path}`,
          pattern: new RegExp(`^${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
        })),
      );
    requested = new Set();
    const recording: typeof fetch = (url, init) => {
      requested.add(`${init?.method ?? "GET"} ${new URL(url instanceof Request ? url.url : url).pathname}`);
      return fetch(url, init);
    };
    client = new FleetClient({ baseUrl: server.url, key: server.adminKey, fetch: recording });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  /** Fixed parts are more than parameters: `profiles/x` before `{collection}/{id}`. */
  const operationOf = (request: string) => operations.find(({ pattern }) => pattern.test(request))?.name;

  it("has a method for every operation of the server's document, and none that the server does not know", async () => {
    const groups = Object.values(client).filter(
      (value): value is Record<string, Method> =>
        typeof value === "object" && Object.values(value as object).every((member) => typeof member === "function"),
    );
    expect(groups.length).toBeGreaterThan(8);
    // The arguments are wrong on purpose: what counts is where the request goes, and nothing is to be changed.
    for (const method of groups.flatMap((group) => Object.values(group)))
      await method("none", "1", "1").catch((error: unknown) => {
        if (!(error instanceof ProblemResponseError)) throw error;
      });
    const end = new AbortController();
    const listening = client.live({ signal: end.signal, onOpen: () => end.abort() }).next();
    await listening.catch(() => undefined);
    const reached = [...requested].map((request) => operationOf(request) ?? `unknown to the server: ${request}`);
    expect(new Set([...reached, OF_BROWSERS])).toEqual(new Set(operations.map(({ name }) => name)));
  });

  it("agree on the register, configurations and history", async () => {
    const device = await client.devices.create({ name: "pump", tags: ["north"] });
    expect(device.token).toMatch(/^mfd_/);
    expect((await client.devices.list({ tag: "north" })).items.map(({ id }) => id)).toEqual([device.id]);
    expect((await client.devices.update(device.id, { tags: ["south"] })).tags).toEqual(["south"]);
    expect((await client.devices.rotateToken(device.id, 0)).isPushed).toBe(false);
    expect((await client.config.put(device.id, CONFIG)).version).toBe(1);
    await expect(client.config.patch(device.id, { mqtt: { port: 1 } }, 7)).rejects.toMatchObject({ status: 412 });
    expect((await client.config.patch(device.id, { mqtt: { port: 1884 } }, 1)).version).toBe(2);
    expect((await client.config.get(device.id, { explain: true })).explain).toContainEqual(
      expect.objectContaining({ path: "mqtt.port", value: 1884 }),
    );
    expect((await client.configVersions.list(device.id)).items.map(({ version }) => version)).toEqual([2, 1]);
    expect((await client.configVersions.get(device.id, 1)).document?.mqtt.port).toBe(1883);
    expect((await client.configVersions.revert(device.id, 1, 2)).desired?.mqtt.port).toBe(1883);
    expect((await client.config.delete(device.id)).own).toBeNull();
    for (const list of [client.devices.events, client.devices.intervals, client.devices.linkSessions])
      expect((await list(device.id)).next).toBeNull();
    await expect(client.devices.setLogLevel(device.id, { level: "debug" })).rejects.toMatchObject({ status: 409 });
    expect((await client.fleet.counts()).devices).toBe(1);
    expect((await client.analytics.availability({ deviceId: device.id })).devices).toBe(1);
    expect((await client.analytics.timeouts({ bucket: "day" })).rows).toEqual([]);
    await client.devices.delete(device.id);
    await expect(client.devices.get(device.id)).rejects.toMatchObject({ status: 404 });
  });

  it("agree on profiles", async () => {
    const profile = { name: "all", selector: { all: true as const }, template: CONFIG };
    expect((await client.profiles.create(profile, { dryRun: true })).effect.devices).toBe(0);
    expect((await client.profiles.list()).items).toEqual([]);
    const { id } = await client.profiles.create(profile);
    expect((await client.profiles.put(id, { ...profile, priority: 5 }, { version: 1 })).version).toBe(2);
    expect((await client.profiles.patch(id, { priority: 6 })).priority).toBe(6);
    expect((await client.profiles.get(id)).devices).toBe(0);
    expect((await client.profiles.delete(id)).effect.changed).toBe(0);
  });

  it("agree on jobs, and make one of a request that is sent twice", async () => {
    const { id } = await client.devices.create({ name: "pump" });
    const body = { kind: "probe" as const, targets: { deviceIds: [id] } };
    const key = crypto.randomUUID();
    const [job, again] = [await client.jobs.create(body, key), await client.jobs.create(body, key)];
    expect(again.id).toBe(job.id);
    expect((await client.devices.reconnect(id, { idempotencyKey: `${key}-2` })).kind).toBe("reconnect");
    expect((await client.jobs.rehearse(body)).devices).toBe(1);
    expect((await client.jobs.pause(job.id)).isPaused).toBe(true);
    expect((await client.jobs.resume(job.id)).isPaused).toBe(false);
    expect((await client.jobs.executions(job.id)).items).toHaveLength(1);
    expect((await client.jobs.cancel(job.id)).status).toBe("CANCELED");
    expect((await client.jobs.get(job.id)).counts.canceled).toBe(1);
    const all: string[] = [];
    for await (const each of pages(client.jobs.list, { limit: 1 })) all.push(each.id);
    expect(all).toHaveLength(2);
    await client.devices.delete(id);
  });

  it("agree on keys", async () => {
    const { id, key } = await client.apiKeys.create({ name: "ci", role: "viewer" });
    const viewer = new FleetClient({ baseUrl: server.url, key });
    await expect(viewer.devices.create({ name: "d" })).rejects.toMatchObject({ status: 403 });
    expect((await client.apiKeys.list()).items.map((each) => each.id)).toContain(id);
    await client.apiKeys.delete(id);
    await expect(viewer.fleet.counts()).rejects.toMatchObject({ status: 401 });
    const enrollment = await client.enrollmentKeys.create({ name: "site", maxUses: 2 });
    expect((await client.enrollmentKeys.list()).items).toMatchObject([{ id: enrollment.id, uses: 0 }]);
    await client.enrollmentKeys.delete(enrollment.id);
    expect((await client.enrollmentKeys.list()).items).toEqual([]);
  });
});
