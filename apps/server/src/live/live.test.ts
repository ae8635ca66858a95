import { FleetClient } from "@mn316-fleet/client";
import { type LiveEvent, liveEventSchema } from "@mn316-fleet/contracts";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { type AddressInfo, connect, createServer } from "node:net";
import { ConfigsModule } from "../configs/configs.module";
import { DevicesModule } from "../devices/devices.module";
import { JobsModule } from "../jobs/jobs.module";
import { TestApp } from "../test-support/test-app";
import { LiveFeed } from "./live-feed";
import { LiveModule } from "./live.module";
import { LiveStore } from "./live.store";

const CONFIG = { mqtt: { host: "broker.example", port: 1883, clientId: "c" } };

describe("live events", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  /** Another process of the fleet, over the same database. */
  let other: TestApp;
  const ends: AbortController[] = [];
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    const features = [DevicesModule, ConfigsModule, JobsModule, LiveModule];
    server = await TestApp.start(features, testDatabase.url);
    other = await TestApp.start(features, testDatabase.url, { nodeId: "other", adminKey: server.adminKey });
  }, 60_000);
  afterEach(() => {
    for (const end of ends.splice(0)) end.abort();
  });
  afterAll(async () => {
    await other.stop();
    await server.stop();
    await testDatabase.drop();
  });

  const device = async (fields: object = {}): Promise<string> =>
    (await server.ok("POST", "devices", { name: "d", ...fields })).id;
  const isOnline = (id: string, online: boolean) =>
    server.database.pool.query("UPDATE device_state SET online = $2 WHERE device_id = $1", [id, online]);
  /** Reads along with the client that the dashboard uses. */
  const listen = async (options: Parameters<FleetClient["live"]>[0] = {}, from: { url: string } = server) => {
    const end = new AbortController();
    ends.push(end);
    const heard: LiveEvent[] = [];
    let isOpen = false;
    const client = new FleetClient({ baseUrl: from.url, key: server.adminKey });
    void (async () => {
      const onOpen = (open: boolean) => (isOpen = open);
      for await (const event of client.live({ ...options, signal: end.signal, onOpen })) heard.push(event);
    })();
    await eventually(() => expect(isOpen).toBe(true));
    // A position is taken behind the headers: what is told from here on must come.
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { heard, end: () => end.abort() };
  };
  /** The stream as bytes, until it has said `enough`. */
  const raw = async (enough: RegExp, headers: Record<string, string> = {}, query = "") => {
    const end = new AbortController();
    const response = await fetch(`${server.url}/api/v1/live${query}`, {
      headers: { authorization: `Bearer ${server.adminKey}`, ...headers },
      signal: end.signal,
    });
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk);
      if (enough.test(text)) break;
    }
    end.abort();
    return { response, text };
  };

  it("tell of devices, configurations, executions and jobs on any node, in the shape of their contract", async () => {
    const { heard } = await listen({}, other);
    const id = await device();
    await isOnline(id, true);
    await server.ok("PUT", `devices/${id}/config`, CONFIG);
    const job = await server.ok("POST", `devices/${id}/probe`);
    await server.ok("POST", `jobs/${job.id}/cancel`);
    await server.ok("DELETE", `devices/${id}`);
    await eventually(() => expect(heard.at(-1)?.kind).toBe("removed"));
    for (const event of heard) expect(liveEventSchema.parse(event)).toEqual(event);
    expect(heard).toMatchObject([
      { kind: "device", deviceId: id, link: { online: false } },
      { kind: "device", deviceId: id, link: { online: true } },
      { kind: "config", deviceId: id, desiredVersion: 1, status: "pending" },
      { kind: "job", id: job.id },
      ...heard.slice(4, -1),
      { kind: "removed", deviceId: id },
    ]);
    expect(heard.slice(4, -1)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: "execution", deviceId: id, jobId: job.id, status: "CANCELED" }),
        expect.objectContaining({ kind: "job", id: job.id, status: "CANCELED" }),
      ]),
    );
  });

  it("come as server-sent events, and go on behind Last-Event-ID", async () => {
    const reading = raw(/"online":true/);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const id = await device();
    await isOnline(id, true);
    const { response, text } = await reading;
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const [first] = [...text.matchAll(/^id: (.+)\nevent: device\ndata: (.+)\n\n/gm)];
    expect(JSON.parse(first![2]!)).toMatchObject({ kind: "device", deviceId: id, link: { online: false } });
    await isOnline(id, false);
    const again = await raw(/"online":false/, { "last-event-id": first![1]! });
    expect([...again.text.matchAll(/"online": ?(\w+)/g)].map(([, online]) => online)).toEqual(["true", "false"]);
  });

  it("are chosen by device, tag, state and kind", async () => {
    const north = await device({ tags: ["north"] });
    const south = await device({ tags: ["south"] });
    const byTag = await listen({ tag: "north" });
    const byDevice = await listen({ deviceId: south });
    const byKind = await listen({ kinds: "config" });
    const byState = await listen({ state: "connected", kinds: "device" });
    for (const id of [north, south]) await isOnline(id, true);
    await server.ok("PUT", `devices/${north}/config`, CONFIG);
    await server.database.pool.query("UPDATE device_state SET module_state = 'connected' WHERE device_id = $1", [
      south,
    ]);
    await eventually(() => {
      expect(byTag.heard).toMatchObject([
        { kind: "device", deviceId: north },
        { kind: "config", deviceId: north },
      ]);
      expect(byDevice.heard.filter(({ kind }) => kind === "device")).toHaveLength(2);
      expect(byKind.heard).toMatchObject([{ kind: "config", deviceId: north }]);
      expect(byState.heard.at(-1)).toMatchObject({ deviceId: south, module: { state: "connected" } });
    });
    expect(byDevice.heard.every((event) => "deviceId" in event && event.deviceId === south)).toBe(true);
  });

  it("miss nothing of writers that commit in another order than they began, nor of any number at once", async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, () => device()));
    const { heard } = await listen({ kinds: "device" });
    const slow = await server.database.pool.connect();
    await slow.query("BEGIN");
    await slow.query("UPDATE device_state SET online = true WHERE device_id = $1", [ids[0]]);
    const rounds = 20;
    // Each writer holds its transaction open for a while by chance, so that they commit in no order at all.
    const writer = async (id: string) => {
      for (let round = 0; round < rounds; round++)
        await server.database.transaction(async (tx) => {
          await tx.query("UPDATE device_state SET online = NOT online WHERE device_id = $1", [id]);
          await tx.query("SELECT pg_sleep(random() * 0.02)");
        });
    };
    const writing = Promise.all(ids.slice(1).map(writer));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await slow.query("COMMIT");
    slow.release();
    await writing;
    await eventually(() => expect(heard).toHaveLength(1 + 11 * rounds));
    for (const id of ids.slice(1)) {
      const states = heard.flatMap((event) =>
        event.kind === "device" && event.deviceId === id ? [event.link.online] : [],
      );
      expect(states).toEqual(Array.from({ length: rounds }, (_, round) => round % 2 === 0));
    }
  });

  it("say that some were missed where the last one heard is no longer kept, or never was", async () => {
    const id = await device();
    await isOnline(id, true);
    const { text } = await raw(/^id: /m, { "last-event-id": "0-0" });
    const position = /^id: (.+)$/m.exec(text)![1]!;
    await isOnline(id, false);
    await isOnline(id, true);
    await server.app.get(LiveStore).trim(1);
    for (const lastEventId of [position, "nonsense", "9999999999999-1"])
      expect((await raw(/event: \w+/, { "last-event-id": lastEventId })).text).toContain("event: reset");
    await isOnline(id, false);
    const kept = await server.database.pool.query("SELECT count(*)::int AS events FROM live_event");
    expect(kept.rows[0].events).toBeLessThan(4);
  });

  it("go on where they were when a node goes and another takes over, and hold up no node's end", async () => {
    const id = await device();
    const third = await TestApp.start([LiveModule], testDatabase.url, { adminKey: server.adminKey });
    let target = third.url;
    const balancer = createServer((socket) => {
      const onward = connect(Number(new URL(target).port), "127.0.0.1");
      for (const end of [socket, onward]) end.on("error", () => undefined);
      socket.pipe(onward).pipe(socket);
    });
    await new Promise<void>((resolve) => balancer.listen(0, "127.0.0.1", resolve));
    const { heard } = await listen(
      { deviceId: id },
      { url: `http://127.0.0.1:${(balancer.address() as AddressInfo).port}` },
    );
    await isOnline(id, true);
    await eventually(() => expect(heard).toHaveLength(1));
    target = other.url;
    await third.stop();
    await isOnline(id, false);
    await isOnline(id, true);
    await eventually(() => expect(heard).toHaveLength(3));
    for (const end of ends.splice(0)) end.abort();
    await new Promise((resolve) => balancer.close(resolve));
  });

  it("do not pile up for a reader that does not read: it is cut off", async () => {
    const id = await device();
    const { port } = new URL(server.url);
    const socket = connect(Number(port), "127.0.0.1").pause();
    socket.on("error", () => undefined); // told by close
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(`GET /api/v1/live HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.adminKey}\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.database.pool.query(
      `INSERT INTO live_event (kind, device_id, data)
       SELECT 'device', $1, jsonb_build_object('padding', repeat('x', 1000)) FROM generate_series(1, 20000)`,
      [id],
    );
    const feed = server.app.get(LiveFeed);
    await eventually(() => expect(feed.size).toBe(0), { timeoutMs: 15_000 });
    socket.resume();
    await closed;
  });

  it("ask for a key and a right query, and bound what a key may open", async () => {
    expect((await server.request("GET", "live", undefined, { key: "" })).status).toBe(401);
    expect((await server.request("GET", "live?kinds=device,colour")).status).toBe(422);
    expect((await server.request("GET", "live?colour=red")).status).toBe(422);
    const { key } = await server.ok("POST", "api-keys", { name: "wall", role: "viewer" });
    const end = new AbortController();
    const open = () =>
      fetch(`${server.url}/api/v1/live`, { headers: { authorization: `Bearer ${key}` }, signal: end.signal });
    const answers = await Promise.all(Array.from({ length: 20 }, open));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const refused = await open();
    expect([refused.status, refused.headers.get("content-type")]).toEqual([
      429,
      "application/problem+json; charset=utf-8",
    ]);
    end.abort();
    await eventually(async () => {
      const again = new AbortController();
      const answer = await fetch(`${server.url}/api/v1/live`, {
        headers: { authorization: `Bearer ${key}` },
        signal: again.signal,
      });
      again.abort();
      expect(answer.status).toBe(200);
    });
  });
});
