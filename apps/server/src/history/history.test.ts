import type { KnownModuleState as State } from "@mn316-fleet/manual";
import { eventPageSchema, intervalPageSchema, linkSessionPageSchema, outagePageSchema } from "@mn316-fleet/contracts";
import type { Cause } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { FleetServer } from "../test-support/fleet-server";
import { type NumberedEvent, pings, TestAgent } from "../test-support/test-agent";

const HOUR_MS = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();

describe("the history of a device", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let device: { id: string; token: string };
  let agent: TestAgent;
  /** The whole hour before the last one. */
  let hour: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
  }, 60_000);
  beforeEach(async () => {
    hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
    device = await server.createDevice({ tags: [`t-${Math.random().toString(36).slice(2)}`] });
    agent = await TestAgent.connect(server.url, device.token);
  });
  afterEach(() => agent.vanish());
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const change = (seq: number, minute: number, from: State, to: State, since: number, cause: Cause): NumberedEvent => ({
    ...{ seq, at: hour + minute * 60_000, kind: "state", from, to, since: hour + since * 60_000, cause },
  });
  const timeout = (seq: number, minute: number, type = 5): NumberedEvent => ({
    ...{ seq, at: hour + minute * 60_000, kind: "timeout", type },
  });
  const list = async (what: string, query = "") =>
    (await server.ok("GET", `devices/${device.id}/${what}?${query}`)).items;
  const module = async () => (await server.ok("GET", `devices/${device.id}`)).module;

  /** §3.4: the broker is lost for half an hour. */
  const outage = () => [
    change(1, 10, "initialized", "connected", 0, "requested"),
    timeout(2, 20),
    timeout(3, 21),
    timeout(4, 22),
    change(5, 22, "connected", "reconnecting", 10, "heartbeat-lost"),
    { seq: 6, at: hour + 23 * 60_000, kind: "reconnect", attempt: 1 } as const,
    change(7, 25, "reconnecting", "disconnected", 22, "heartbeat-lost"),
    change(8, 55, "disconnected", "connected", 25, "requested"),
  ];

  it("shows an outage with its cause, and what is going on now", async () => {
    agent.events(outage());
    await agent.acked(8);
    const intervals = await list("intervals");
    expect(intervalPageSchema.parse({ items: intervals, next: null }).items).toEqual(intervals);
    expect(
      intervals.map(({ state, seconds, cause }: { state: string; seconds: number; cause: string | null }) => [
        state,
        cause,
        cause && Math.round(seconds / 60),
      ]),
    ).toEqual([
      ["connected", null, null],
      ["disconnected", "requested", 30],
      ["reconnecting", "heartbeat-lost", 3],
      ["connected", "heartbeat-lost", 12],
      ["initialized", "requested", 10],
    ]);
    expect(intervals[0]).toMatchObject({ began: iso(hour + 55 * 60_000), ended: null });
    expect(await module()).toMatchObject({ state: "connected", since: iso(hour + 55 * 60_000), cause: "requested" });
    expect(await list("intervals", "state=reconnecting")).toHaveLength(1);
    expect(await list("intervals", "cause=heartbeat-lost")).toHaveLength(2);
    expect(await list("intervals", `from=${iso(hour + 12 * 60_000)}&to=${iso(hour + 22 * 60_000)}`)).toHaveLength(1);
    expect(await list("events", "kind=reconnect")).toMatchObject([{ kind: "reconnect", attempt: 1, seq: 6 }]);
    expect(await list("events", `from=${iso(hour + 21 * 60_000)}&to=${iso(hour + 22 * 60_000)}`)).toMatchObject([
      { seq: 3 },
    ]);
  });

  it("tells of outages, the one that goes on first, by cause and time", async () => {
    const start = hour + 60 * 60_000;
    agent.events([
      ...outage(),
      { seq: 9, at: start, kind: "signal", rssi: 20, ber: 0, cell: "0C5A3B11" },
      change(10, 61, "connected", "disconnected", 55, "gave-up"),
      change(11, 62, "disconnected", "unknown", 61, "agent-stopped"),
      change(12, 64, "unknown", "disconnected", 62, "unknown"),
    ]);
    await agent.acked(12);
    const outages = await list("outages");
    expect(outagePageSchema.parse({ items: outages, next: null }).items).toEqual(outages);
    expect(outages).toMatchObject([
      { began: iso(hour + 61 * 60_000), ended: null, unknownSeconds: 120, cause: "gave-up", cell: "0C5A3B11" },
      {
        began: iso(hour + 22 * 60_000),
        ended: iso(hour + 55 * 60_000),
        seconds: 33 * 60,
        cause: "heartbeat-lost",
        cell: null,
      },
    ]);
    const first = await server.ok("GET", `devices/${device.id}/outages?limit=1`);
    const second = await server.ok("GET", `devices/${device.id}/outages?limit=1&cursor=${first.next}`);
    expect([first.items[0].ended, second.items, second.next]).toEqual([null, outages.slice(1), null]);
    expect(await list("outages", "cause=heartbeat-lost")).toHaveLength(1);
    expect(await list("outages", `to=${iso(start)}`)).toHaveLength(1);
    expect(await list("outages", `from=${iso(start)}`)).toHaveLength(1);
    expect(await list("events", "kind=timeout,reconnect")).toHaveLength(4);
    expect(await list("events", "cause=gave-up")).toMatchObject([{ seq: 10 }]);
  });

  it("goes on saying why a device is away while its agent tries to bring it back", async () => {
    agent.events([
      ...outage().slice(0, -1),
      change(8, 30, "disconnected", "tcp-connecting", 25, "requested"),
      change(9, 31, "tcp-connecting", "reconnecting", 30, "requested"),
    ]);
    await agent.acked(9);
    expect(await module()).toMatchObject({ state: "reconnecting", cause: "heartbeat-lost" });
    agent.events([change(10, 32, "reconnecting", "disconnected", 31, "requested")]);
    await agent.acked(10);
    expect(await module()).toMatchObject({ state: "disconnected", cause: "heartbeat-lost" });
    agent.events([change(11, 33, "disconnected", "connected", 32, "requested")]);
    await agent.acked(11);
    agent.events([change(12, 34, "connected", "disconnected", 33, "requested")]);
    await agent.acked(12);
    expect(await module()).toMatchObject({ state: "disconnected", cause: "requested" }); // an operator's own doing
  });

  it("knows nothing of a module while its agent is away, and fills it in afterwards", async () => {
    agent.events(outage());
    await agent.acked(8);
    await agent.vanish();
    await eventually(async () => {
      expect(await module()).toMatchObject({ state: "unknown", since: null });
    });
    expect((await list("intervals"))[0]).toMatchObject({ state: "disconnected", cause: "requested" });
    const asked = `analytics/availability?deviceId=${device.id}&from=${iso(hour)}&to=${iso(hour + HOUR_MS)}`;
    expect((await server.ok("GET", asked)).fleet).toEqual({
      connectedSeconds: 12 * 60,
      knownSeconds: 55 * 60,
      availability: 12 / 55,
    });
    agent = await TestAgent.connect(server.url, device.token, { resumeFrom: 9 });
    // The interval that is still open counts as long as its agent is there to tell.
    expect((await server.ok("GET", asked)).fleet).toMatchObject({ connectedSeconds: 17 * 60, knownSeconds: 3_600 });
    agent.events([change(9, 60, "connected", "disconnected", 55, "serial-lost")]);
    await agent.acked(9);
    expect((await server.ok("GET", asked)).fleet).toMatchObject({ connectedSeconds: 17 * 60, knownSeconds: 3_600 });
    expect((await list("intervals"))[0]).toMatchObject({ state: "disconnected", ended: null });
  });

  it("counts the module's timeouts by type, hour and day, for a device or a tag", async () => {
    agent.events([timeout(1, 0, 1), timeout(2, 59, 2), timeout(3, 60, 5), timeout(4, 61, 6), timeout(5, 119, 5)]);
    await agent.acked(5);
    const { tags } = await server.ok("GET", `devices/${device.id}`);
    const range = `from=${iso(hour)}&to=${iso(hour + 2 * HOUR_MS)}`;
    const none = { connect: 0, publish: 0, subscribe: 0, unsubscribe: 0, ping: 0, unknown: 0 };
    for (const selector of [`deviceId=${device.id}`, `tag=${tags[0]}`, `tag=${tags[0]}&deviceId=${device.id}`])
      expect(await server.ok("GET", `analytics/timeouts?${selector}&${range}`)).toMatchObject({
        from: iso(hour),
        to: iso(hour + 2 * HOUR_MS),
        bucket: "hour",
        devices: 1,
        totals: { ...none, connect: 1, publish: 1, ping: 2, unknown: 1 },
        rows: [
          { at: iso(hour), ...none, connect: 1, publish: 1 },
          { at: iso(hour + HOUR_MS), ...none, ping: 2, unknown: 1 },
        ],
      });
    const cut = `from=${iso(hour + 59 * 60_000)}&to=${iso(hour + 61 * 60_000)}`;
    expect((await server.ok("GET", `analytics/timeouts?deviceId=${device.id}&${cut}`)).totals).toEqual({
      ...none,
      publish: 1,
      ping: 1,
    });
    const days = await server.ok("GET", `analytics/timeouts?deviceId=${device.id}&${range}&bucket=day`);
    for (const { at } of days.rows) expect(at).toMatch(/T00:00:00\.000Z$/);
    expect(await server.ok("GET", `analytics/timeouts?tag=nobody`)).toMatchObject({ devices: 0, rows: [] });
    expect(await server.ok("GET", `analytics/availability?tag=nobody`)).toMatchObject({
      devices: 0,
      fleet: { availability: null },
      rows: [],
    });
  });

  it("lists the least available devices first, those of which nothing is known last", async () => {
    const [tag] = (await server.ok("GET", `devices/${device.id}`)).tags;
    const fellow = await server.createDevice({ tags: [tag] });
    const silent = await server.createDevice({ tags: [tag] });
    agent.events([
      change(1, 30, "connected", "disconnected", 0, "requested"),
      change(2, 60, "disconnected", "unknown", 30, "unknown"),
    ]);
    await agent.acked(2);
    const other = await TestAgent.connect(server.url, fellow.token);
    other.events([change(1, 60, "connected", "unknown", 0, "unknown")]);
    await other.acked(1);
    await other.vanish();
    const asked = `analytics/availability?tag=${tag}&from=${iso(hour)}&to=${iso(hour + HOUR_MS)}`;
    expect(await server.ok("GET", asked)).toMatchObject({
      devices: 3,
      fleet: { connectedSeconds: 5_400, knownSeconds: 7_200, availability: 0.75 },
      percentiles: { p5: 0.5, p50: 0.5, p95: 1 },
      rows: [
        { deviceId: device.id, availability: 0.5 },
        { deviceId: fellow.id, availability: 1 },
        { deviceId: silent.id, availability: null },
      ],
    });
    expect((await server.ok("GET", `${asked}&worst=1`)).rows).toHaveLength(1);
  });

  it.each([
    ["analytics/timeouts?from=yesterday", ["from"]],
    ["analytics/timeouts?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", ["from"]],
    ["analytics/timeouts?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", ["from"]],
    ["analytics/timeouts?bucket=week&deviceId=x&tag=a%20b", ["bucket", "deviceId", "tag"]],
    ["analytics/availability?worst=0", ["worst"]],
    ["analytics/availability?to=2026-01-01", ["to"]],
    ["devices/:id/events?kind=x&limit=501&cursor=nonsense", ["kind.0", "limit"]],
    ["devices/:id/events?cursor=nonsense", ["cursor"]],
    ["devices/:id/events?kind=ping,nothing&cause=x", ["cause", "kind.1"]],
    ["devices/:id/outages?cause=why&from=now&state=x", ["cause", "from", "state"]],
    ["devices/:id/intervals?state=asleep&cause=why", ["cause", "state"]],
    ["devices/:id/link-sessions?cursor=WzFd", ["cursor"]],
  ])("refuses %s naming %j", async (question, paths) => {
    const answer = await server.request("GET", question.replace(":id", device.id));
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual(paths);
  });

  it("is read in pages without a gap or a double, newest first, while more comes in", async () => {
    const changes = Array.from({ length: 20 }, (_, index) =>
      change(
        index + 1,
        index + 1,
        index % 2 ? "connected" : "initialized",
        index % 2 ? "initialized" : "connected",
        index,
        "requested",
      ),
    );
    agent.events(changes);
    agent.events(pings(21, 25));
    await agent.acked(25);
    for (const [what, count] of [
      ["events", 25],
      ["intervals", 21],
    ] as const) {
      const items: { seq?: number; began?: string }[] = [];
      let cursor: string | null = "";
      for (let page = 0; cursor !== null; page++) {
        const answer = await server.ok("GET", `devices/${device.id}/${what}?limit=4${cursor && `&cursor=${cursor}`}`);
        (what === "events" ? eventPageSchema : intervalPageSchema).parse(answer);
        items.push(...answer.items);
        cursor = answer.next;
        if (page === 0) {
          const next = what === "events" ? 26 : 27;
          agent.events(pings(next, next));
          await agent.acked(next);
        }
      }
      expect(items).toHaveLength(count);
      const keys = items.map(({ seq, began }) => seq ?? Date.parse(began!));
      expect(keys).toEqual([...keys].sort((a, b) => b - a));
      expect(new Set(keys).size).toBe(count);
    }
  });

  it("tells the agent's connections apart from the module's", async () => {
    await agent.leave();
    agent = await TestAgent.connect(server.url, device.token);
    await eventually(async () => {
      const sessions = await list("link-sessions");
      expect(linkSessionPageSchema.parse({ items: sessions, next: null }).items).toEqual(sessions);
      expect(sessions).toMatchObject([
        { ended: null, closeCode: null, node: server.settings.nodeId },
        { ended: expect.any(String), closeCode: 1000, node: server.settings.nodeId },
      ]);
    });
    const first = await server.ok("GET", `devices/${device.id}/link-sessions?limit=1`);
    const second = await server.ok("GET", `devices/${device.id}/link-sessions?limit=1&cursor=${first.next}`);
    expect([...first.items, ...second.items]).toEqual(await list("link-sessions"));
    expect(second.next).toBeNull();
  });
});
