import { type EventStream, eventStreamSchema } from "@mn316-fleet/contracts";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { Projectors } from "../ingest/projectors";
import { WebhookSender } from "../platform/webhooks/webhook-sender";
import { FleetServer } from "../test-support/fleet-server";
import { type NumberedEvent, pings, TestAgent } from "../test-support/test-agent";
import { EventReceiver } from "../test-support/event-receiver";
import { StreamPace } from "./stream-pace";

const urc = (seq: number, line: string): NumberedEvent => ({ seq, at: Date.now(), kind: "urc", line });
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index);

/** Time passes quickly for the tests: what takes seconds takes a part of one. */
function hurry(server: FleetServer): void {
  const pace = server.app.get(StreamPace, { strict: false });
  Object.assign(pace, {
    lookMs: 50,
    pollMs: 50,
    leaseMs: 4_000,
    retryMs: { first: 50, longest: 200 },
    random: () => 0,
  });
}

describe("an event stream", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let receiver: EventReceiver;
  let device: { id: string; token: string };
  let agent: TestAgent;
  let tag: string;
  /** Lines whose transaction waits before it commits. */
  const held = new Map<string, Promise<void>>();

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
    hurry(server);
    server.app.get(Projectors, { strict: false }).register<"urc">({
      name: "slow",
      kinds: ["urc"],
      apply: async (_tx, events) => {
        for (const { event } of events) await held.get(event.line);
      },
    });
  }, 60_000);
  beforeEach(async () => {
    receiver = await EventReceiver.start();
    tag = `t-${crypto.randomUUID()}`;
    device = await server.createDevice({ tags: [tag] });
    agent = await TestAgent.connect(server.url, device.token);
  });
  afterEach(async () => {
    for (const { id } of (await server.ok("GET", "event-streams")).items)
      await server.ok("DELETE", `event-streams/${id}`);
    await agent.vanish();
    await receiver.close();
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const query = (sql: string, values: unknown[] = []) => server.database.pool.query(sql, values);
  const create = (fields: object = {}): Promise<EventStream> =>
    server.ok("POST", "event-streams", {
      ...{ name: crypto.randomUUID(), url: receiver.url, secret: receiver.secret, selector: { tags: [tag] } },
      ...fields,
    });
  const get = (id: string): Promise<EventStream> => server.ok("GET", `event-streams/${id}`);
  const numbers = () => receiver.events.map(({ seq }) => seq);
  const received = (expected: number[]) => eventually(() => expect(numbers()).toEqual(expected));
  const send = async (events: NumberedEvent[]) => {
    agent.events(events);
    await agent.acked(events.at(-1)?.seq ?? 0);
  };

  it("brings what is stored, signed, in the device's order and in the shape of the history", async () => {
    await send(pings(1, 5));
    const stream = await create();
    expect(eventStreamSchema.parse(stream)).toEqual(stream);
    await send([urc(6, 'a "b"\nc 温度'), ...pings(7, 400)]);
    for (let from = 401; from <= 1_500; from += 220) await send(pings(from, from + 219));
    await received(upTo(1_495, 6));
    const stored = (await server.ok("GET", `devices/${device.id}/events?limit=500`)).items.reverse();
    expect(receiver.events.slice(-500)).toEqual(stored.map((event: object) => ({ deviceId: device.id, ...event })));
    expect(receiver.events[0]).toMatchObject({ deviceId: device.id, kind: "urc", line: 'a "b"\nc 温度' });
    expect(receiver.batches.every(({ data }) => data.gaps.length === 0 && data.events.length <= 1_000)).toBe(true);
    expect(receiver.batches[0]?.data.stream).toEqual({ id: stream.id, name: stream.name });
    expect(new Set(receiver.ids).size).toBe(receiver.ids.length);
    await eventually(async () => {
      expect((await get(stream.id)).status).toMatchObject({
        ...{
          state: "delivering",
          position: { delivered: 1_495 },
          lagEvents: 0,
          lagSeconds: 0,
          failures: 0,
          lastError: null,
        },
        ...{ node: server.settings.nodeId, lastDeliveredAt: expect.any(String) },
      });
    });
  });

  it("misses nothing of transactions that commit in another order than they began", async () => {
    const fellow = await server.createDevice({ tags: [tag] });
    const other = await TestAgent.connect(server.url, fellow.token);
    await create();
    let commit: () => void = () => undefined;
    held.set("late", new Promise((resolve) => (commit = resolve)));
    agent.events([urc(1, "late")]);
    await eventually(async () => {
      const { rowCount } = await query(
        "SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()",
      );
      expect(rowCount).toBe(1);
    });
    other.events(pings(1, 3));
    await other.acked(3);
    await received([1, 2, 3]);
    commit();
    await agent.acked(1);
    held.clear();
    await eventually(() => expect(receiver.events.filter(({ deviceId }) => deviceId === device.id)).toHaveLength(1));
    await send([urc(2, "after")]);
    await received([1, 2, 3, 1, 2]);
    await other.vanish();
  });

  it("goes on trying while its receiver fails, hangs or is away, tells that, and then misses nothing", async () => {
    const sender = server.app.get(WebhookSender, { strict: false });
    Reflect.set(sender, "timeoutMs", 200);
    const stream = await create();
    const failing = async (error: RegExp) =>
      eventually(async () => {
        const { status } = await get(stream.id);
        expect(status).toMatchObject({
          state: "failing",
          lastError: expect.stringMatching(error),
          retryAt: expect.any(String),
        });
        expect(status.failures).toBeGreaterThan(1);
        expect(status.lagEvents).toBeGreaterThan(0);
      });
    receiver.refuse = (response) => Boolean(response.writeHead(500).end());
    await send(pings(1, 3));
    await failing(/answered 500/);
    receiver.refuse = () => true;
    await failing(/no answer within 0\.2 s/);
    await receiver.close();
    await failing(/ECONNREFUSED/);
    await send(pings(4, 6));
    expect(receiver.batches).toEqual([]);
    receiver.refuse = undefined;
    await receiver.open();
    await received(upTo(6));
    await eventually(async () =>
      expect((await get(stream.id)).status).toMatchObject({
        state: "delivering",
        failures: 0,
        retryAt: null,
        lagEvents: 0,
      }),
    );
    Reflect.set(sender, "timeoutMs", 10_000);
  });

  it("tells a repeat by its id, where the receiver took it and the answer was lost", async () => {
    await create();
    receiver.refuse = (response) => {
      receiver.refuse = undefined;
      response.destroy();
      return true;
    };
    await send(pings(1, 2));
    await received([1, 2]);
    expect(receiver.ids).toEqual([expect.stringMatching(/^msg_[\w-]{27}$/), receiver.ids[0]]);
  });

  it("pauses by itself when its receiver wants no more, and goes on where it was", async () => {
    const stream = await create();
    receiver.refuse = (response) => Boolean(response.writeHead(410).end());
    await send(pings(1, 2));
    await eventually(async () => {
      expect(await get(stream.id)).toMatchObject({
        isEnabled: false,
        status: { state: "paused", reason: "answered 410", node: null },
      });
    });
    const attempts = receiver.ids.length;
    receiver.refuse = undefined;
    await send(pings(3, 3));
    expect(receiver.ids.length).toBe(attempts);
    expect((await server.ok("POST", `event-streams/${stream.id}/resume`)).status.reason).toBeNull();
    await received([1, 2, 3]);
  });

  it("keeps its place while it is paused", async () => {
    const stream = await create();
    await send(pings(1, 1));
    await received([1]);
    expect((await server.ok("POST", `event-streams/${stream.id}/pause`)).status.state).toBe("paused");
    await eventually(async () => expect((await get(stream.id)).status.node).toBeNull());
    await send(pings(2, 4));
    expect((await get(stream.id)).status).toMatchObject({ lagEvents: 3, reason: null });
    expect(numbers()).toEqual([1]);
    await server.ok("POST", `event-streams/${stream.id}/resume`);
    await received([1, 2, 3, 4]);
  });

  it("begins where it is told to, and can be sent elsewhere", async () => {
    await send(pings(1, 3));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const time = new Date().toISOString();
    await send(pings(4, 5));
    const stream = await create({ startFrom: "beginning" });
    await received([1, 2, 3, 4, 5]);
    await server.ok("POST", `event-streams/${stream.id}/seek`, { to: time });
    await received([1, 2, 3, 4, 5, 4, 5]);
    await server.ok("POST", `event-streams/${stream.id}/seek`, { to: "beginning" });
    await received([1, 2, 3, 4, 5, 4, 5, 1, 2, 3, 4, 5]);
    await server.ok("POST", `event-streams/${stream.id}/pause`);
    await send(pings(6, 7));
    const sent = await server.ok("POST", `event-streams/${stream.id}/seek`, { to: "now" });
    expect(sent.status).toMatchObject({ lagEvents: 0, position: { deliveredThrough: expect.any(String) } });
    await server.ok("POST", `event-streams/${stream.id}/resume`);
    await send(pings(8, 8));
    await received([1, 2, 3, 4, 5, 4, 5, 1, 2, 3, 4, 5, 8]);
    expect(receiver.batches.every(({ data }) => data.gaps.length === 0)).toBe(true);
    expect(new Set(receiver.ids).size).toBe(receiver.ids.length);
  });

  it("brings the kinds and devices that are asked for, also where that changes", async () => {
    const stranger = await server.createDevice({ tags: ["stranger"] });
    const other = await TestAgent.connect(server.url, stranger.token);
    const stream = await create({ kinds: ["urc"] });
    other.events([urc(1, "not asked for")]);
    await other.acked(1);
    await send([...pings(1, 3), urc(4, "x"), ...pings(5, 6)]);
    await received([4]);
    await eventually(async () => expect((await get(stream.id)).status.lagEvents).toBe(0));
    expect(receiver.ids.length).toBe(1);
    const changed = await server.ok("PATCH", `event-streams/${stream.id}`, { kinds: null });
    expect(changed.kinds).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 100)); // it holds from the next batch on
    await send(pings(7, 8));
    await received([4, 7, 8]);
    expect(receiver.events.every(({ deviceId }) => deviceId === device.id)).toBe(true);
    await other.vanish();
  });

  it("tells of events that were dropped before it could bring them, and only of those", async () => {
    const stream = await create({ isEnabled: false });
    await send(pings(1, 10));
    // The agent's own loss is told by its own event.
    await send([{ seq: 15, at: Date.now(), kind: "outbox-gap", from: 11, to: 14, reason: "full" }, ...pings(16, 17)]);
    await query("DELETE FROM module_event WHERE device_id = $1 AND (seq <= 2 OR seq BETWEEN 5 AND 6 OR seq = 17)", [
      device.id,
    ]);
    await server.ok("POST", `event-streams/${stream.id}/resume`);
    await received([3, 4, 7, 8, 9, 10, 15, 16]);
    const gap = (from: number, to: number) => ({ deviceId: device.id, epoch: 1, from, to });
    expect(receiver.batches.flatMap(({ data }) => data.gaps)).toEqual([gap(1, 2), gap(5, 6), gap(17, 17)]);
    await send(pings(18, 18));
    await received([3, 4, 7, 8, 9, 10, 15, 16, 18]);
  });

  it("finds events of days long past, as agents bring them that were away", async () => {
    await create();
    const past = Date.now() - 40 * 86_400_000;
    await send([...pings(1, 3, past), ...pings(4, 6)]);
    await received(upTo(6));
  });

  it("lets one outbox with a long backlog not hold up the others", async () => {
    const fellow = await server.createDevice({ tags: [tag] });
    const other = await TestAgent.connect(server.url, fellow.token);
    const stream = await create({ isEnabled: false });
    for (let from = 1; from <= 5_000; from += 500) agent.events(pings(from, from + 499));
    other.events(pings(1, 3));
    await agent.acked(5_000);
    await other.acked(3);
    await server.ok("POST", `event-streams/${stream.id}/resume`);
    await eventually(() => expect(receiver.events).toHaveLength(5_003));
    const firsts = receiver.events.findIndex(({ deviceId }) => deviceId === fellow.id);
    expect(firsts).toBeLessThanOrEqual(1_000);
    const ofDevice = receiver.events.filter(({ deviceId }) => deviceId === device.id).map(({ seq }) => seq);
    expect(ofDevice).toEqual(upTo(5_000));
    await other.vanish();
  });

  it("keeps its secret sealed, and shows it to nobody", async () => {
    const stream = await create({ isEnabled: false });
    const { rows } = await query("SELECT sealed, key_id FROM event_stream WHERE id = $1", [stream.id]);
    expect(rows[0].sealed.includes(receiver.secret)).toBe(false);
    expect(JSON.stringify([stream, await server.ok("GET", "event-streams")])).not.toContain("whsec_");
    expect(server.log.join("")).not.toContain(receiver.secret);
  });

  it.each<[string, object, string[]]>([
    ["no address", { url: "nonsense" }, ["url"]],
    ["a weak secret", { secret: "whsec_c2hvcnQ=" }, ["secret"]],
    ["an empty selector", { selector: {} }, ["selector"]],
    ["no kinds", { kinds: [] }, ["kinds"]],
    ["unknown kinds and fields", { kinds: ["x"], colour: 1, startFrom: "then" }, ["colour", "kinds.0", "startFrom"]],
  ])("refuses %s", async (_what, fields, paths) => {
    const body = { name: "n", url: receiver.url, secret: receiver.secret, ...fields };
    const answer = await server.request("POST", "event-streams", body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual(paths);
    expect((await server.ok("GET", "event-streams")).items).toEqual([]);
  });

  it("refuses a name twice, a seek to nowhere, and fifty-one streams", async () => {
    const { id, name } = await create({ isEnabled: false });
    const second = await create({ isEnabled: false });
    for (const [method, path, body] of [
      ["POST", "event-streams", { name, url: receiver.url, secret: receiver.secret }],
      ["PATCH", `event-streams/${second.id}`, { name }],
    ] as const) {
      const answer = await server.request(method, path, body);
      expect([answer.status, answer.body.errors[0].path]).toEqual([409, "name"]);
    }
    expect((await server.request("POST", `event-streams/${id}/seek`, { to: "yesterday" })).status).toBe(422);
    expect((await server.request("POST", `event-streams/${crypto.randomUUID()}/seek`, { to: "now" })).status).toBe(404);
    for (let count = 2; count < 50; count++) await create({ isEnabled: false });
    const answer = await server.request("POST", "event-streams", {
      name: "51",
      url: receiver.url,
      secret: receiver.secret,
    });
    expect(answer.status).toBe(409);
  });
});
