import { whatIfAnswerSchema } from "@mn316-fleet/contracts";
import type { KnownModuleState as State } from "@mn316-fleet/manual";
import type { Cause } from "@mn316-fleet/protocol";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { FleetServer } from "../test-support/fleet-server";
import { type NumberedEvent, TestAgent } from "../test-support/test-agent";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();

describe("the questions of analytics", () => {
  let database: TestDatabase;
  let server: FleetServer;
  const agents: TestAgent[] = [];
  /** The whole hour that is three hours ago. */
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 3 * HOUR_MS;
  const range = `from=${iso(hour)}&to=${iso(hour + 2 * HOUR_MS)}`;
  let tag: string;
  let tags = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
  }, 60_000);
  beforeEach(() => {
    tag = `t-${++tags}`;
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.vanish();
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const at = (minute: number) => Math.round(hour + minute * MINUTE_MS);
  const change = (seq: number, minute: number, from: State, to: State, since: number, cause: Cause): NumberedEvent => ({
    ...{ seq, at: at(minute), kind: "state", from, to, since: at(since), cause },
  });
  const timeout = (seq: number, minute: number, type: number): NumberedEvent => ({
    ...{ seq, at: at(minute), kind: "timeout", type },
  });
  const signal = (seq: number, minute: number, rssi: number, cell = "0C5A"): NumberedEvent => ({
    ...{ seq, at: at(minute), kind: "signal", rssi, ber: 0, cell },
  });
  const ask = (question: string, query = "") =>
    server.ok("GET", `analytics/${question}?tag=${tag}&${range}${query && `&${query}`}`);

  /** A device whose agent brings these events, and stays connected. */
  async function device(events: NumberedEvent[], fields: object = {}, firmware = "1.0"): Promise<string> {
    const { id, token } = await server.createDevice({ tags: [tag], ...fields });
    await server.database.pool.query("UPDATE device SET created_at = $1 WHERE id = $2", [iso(hour - HOUR_MS), id]);
    const agent = await TestAgent.connect(server.url, token, { module: { firmware } });
    agents.push(agent);
    if (events.length > 0) {
      agent.events(events);
      await agent.acked(events.at(-1)!.seq);
    }
    return id;
  }

  /** Lost three times by missing heart-beats, for ten minutes each. */
  const losses = (): NumberedEvent[] => [
    signal(1, 0, 20),
    change(2, 5, "initialized", "tcp-connecting", 0, "requested"),
    change(3, 5.5, "tcp-connecting", "connected", 5, "requested"),
    ...[0, 1, 2].flatMap((time): NumberedEvent[] => {
      const [seq, minute] = [4 + 6 * time, 20 + 20 * time];
      return [
        ...[0, 1, 2].map((loss) => timeout(seq + loss, minute - 2 + loss, 5)),
        change(seq + 3, minute, "connected", "reconnecting", time === 0 ? 5.5 : minute - 10, "heartbeat-lost"),
        change(seq + 4, minute + 5, "reconnecting", "disconnected", minute, "heartbeat-lost"),
        change(seq + 5, minute + 10, "disconnected", "connected", minute + 5, "requested"),
      ];
    }),
  ];

  it("says how often and how long modules were away, and what goes on", async () => {
    const lost = await device(losses(), { name: "=lost" });
    await device([
      change(1, 1, "initialized", "connected", 0, "requested"),
      change(2, 100, "connected", "disconnected", 1, "connect-refused"),
    ]);
    const answer = await ask("outages");
    expect(answer).toMatchObject({ devices: 2, outages: 4, ongoing: 1, requested: 0, mttrSeconds: 600 });
    // 120 minutes less 5.5 and 30 of the one, 99 of the other
    expect(answer.connectedSeconds).toBe((120 - 5.5 - 30 + 99) * 60);
    expect(answer.mtbfSeconds).toBe(answer.connectedSeconds / 4);
    expect(answer.rows).toHaveLength(4);
    expect(answer.rows[0]).toMatchObject({ cause: "connect-refused", ended: null, began: iso(at(100)) });
    expect(answer.longestSeconds).toBe(answer.rows[0].seconds);
    expect(answer.rows[1]).toMatchObject({ deviceId: lost, seconds: 600, unknownSeconds: 0, cell: "0C5A" });
    expect(await ask("outages", "cause=connect-refused")).toMatchObject({ outages: 1, distribution: [] });
    const { groups } = await ask("outages", "groupBy=device");
    expect(groups.map(({ outages, mttrSeconds }: Record<string, number>) => [outages, mttrSeconds])).toEqual([
      [3, 600],
      [1, null],
    ]);
    const hours = (await ask("outages", "groupBy=hour-of-day")).groups;
    expect(hours).toHaveLength(24);
    expect(hours[new Date(hour).getUTCHours()]).toMatchObject({ outages: 2 });
  });

  it("names devices that flap, at their peak", async () => {
    const flapping = await device(losses());
    await device([change(1, 30, "connected", "disconnected", 0, "requested")]);
    const answer = await ask("flapping", "perHour=2");
    expect(answer).toMatchObject({ devices: 2, perHour: 2, flapping: 1 });
    expect(answer.rows).toEqual([
      { deviceId: flapping, name: "device", disconnects: 3, flappingHours: 1, peakAt: iso(hour), peakPerHour: 2 },
    ]);
    expect(await ask("flapping", "perHour=3")).toMatchObject({ flapping: 0, rows: [] });
    // By the clock of a place half an hour off, two of them lie in another hour.
    const kolkata = await ask("flapping", "perHour=2&timeZone=Asia/Kolkata");
    expect(kolkata.rows).toMatchObject([{ peakAt: iso(at(30)), peakPerHour: 2 }]);
  });

  it("finds the incident of a cell among outages of their own", async () => {
    const cell = (name: string, minute: number) =>
      device([
        signal(1, 0, 15, name),
        change(2, 1, "initialized", "connected", 0, "requested"),
        change(3, minute, "connected", "reconnecting", 1, "heartbeat-lost"),
        change(4, minute + 30, "reconnecting", "connected", minute, "heartbeat-lost"),
      ]);
    const together = [await cell("A", 40), await cell("A", 42), await cell("A", 44)];
    await cell("A", 80);
    await cell("B", 41);
    await cell("B", 60);
    const answer = await ask("correlated-outages");
    expect(answer).toMatchObject({ devices: 6, by: "cell", windowS: 300, minDevices: 3 });
    expect(answer.rows).toEqual([
      {
        ...{ group: "A", began: iso(at(40)), lastBegan: iso(at(44)), devices: 3, cause: "heartbeat-lost" },
        deviceIds: together,
      },
    ]);
    expect((await ask("correlated-outages", "windowS=60")).rows).toEqual([]);
    expect((await ask("correlated-outages", "by=tag&minDevices=4")).rows).toMatchObject([{ group: tag, devices: 4 }]);
    expect((await ask("availability", "groupBy=cell")).groups.map(({ group }: { group: string }) => group)).toEqual(
      expect.arrayContaining(["A", "B"]),
    );
  });

  it("finds the newest incidents among many outages, however many of these have to be looked at", async () => {
    const ids = await Promise.all(Array.from({ length: 3 }, () => device([])));
    // Of the three at once in the first minute and in the last, and of one of them by itself 5,000 times in between.
    await server.database.pool.query(
      `INSERT INTO outage (device_id, epoch, seq, began, ended, cause, cell)
       SELECT d, 1, n, $2::timestamptz + n * interval '1 s', $2::timestamptz + (n + 1) * interval '1 s', 'gave-up', cell
         FROM unnest($1::uuid[]) AS d, (VALUES (1, 'first'), (5800, 'last')) AS o (n, cell)
       UNION ALL
       SELECT ($1::uuid[])[1], 1, n, $2::timestamptz + n * interval '1 s', $2::timestamptz + (n + 1) * interval '1 s',
              'gave-up', 'alone' FROM generate_series(400, 5400) AS n`,
      [ids, iso(hour)],
    );
    const groups = async (query: string) =>
      (await ask("correlated-outages", query)).rows.map(({ group }: { group: string }) => group);
    expect(await groups("limit=1")).toEqual(["last"]);
    expect(await groups("")).toEqual(["last", "first"]);
  });

  it("tells the signal by time, device and group", async () => {
    const weak = await device([signal(1, 10, 2), signal(2, 70, 4), signal(3, 71, 99)], { name: "weak" });
    await device([signal(1, 10, 25)]);
    const answer = await ask("signal", "groupBy=device");
    expect(answer).toMatchObject({ samples: 3, meanDbm: (-109 - 105 - 63) / 3, minDbm: -109, maxDbm: -63 });
    expect(answer.rows.map(({ samples }: { samples: number }) => samples)).toEqual([2, 1]);
    expect(answer.worst[0]).toEqual({
      ...{ deviceId: weak, name: "weak", samples: 2, meanDbm: -107, minDbm: -109, maxDbm: -105 },
    });
    expect(answer.distribution.filter(({ devices }: { devices: number }) => devices > 0)).toEqual([
      { fromDbm: -110, belowDbm: -105, devices: 1 },
      { fromDbm: -70, belowDbm: null, devices: 1 },
    ]);
    expect(answer.groups[0]).toMatchObject({ group: weak, name: "weak", meanDbm: -107 });
  });

  it("counts what goes on, as long as its agent is there, and says what nobody saw", async () => {
    await device([change(1, 60, "initialized", "connected", 0, "requested")]);
    const connected = await ask("availability", "bucket=hour");
    expect(connected).toMatchObject({
      fleet: { connectedSeconds: 3_600, knownSeconds: 7_200, availability: 0.5 },
      percentiles: { p5: 0.5, p50: 0.5, p95: 0.5 },
      unknownShare: 0,
      series: [
        { at: iso(hour), connectedSeconds: 0, knownSeconds: 3_600 },
        { at: iso(hour + HOUR_MS), connectedSeconds: 3_600, knownSeconds: 3_600 },
      ],
    });
    await agents.splice(0)[0]!.leave();
    for (let left = 0; (await ask("availability")).unknownShare !== 0.5; left++) expect(left).toBeLessThan(200);
  });

  it("is about the devices that all criteria choose", async () => {
    const a = await device([timeout(1, 1, 5)], { name: "Alpha", imei: "860000000000077" }, "2.1");
    await device([timeout(1, 1, 2), signal(2, 1, 9, "CAFE")], { name: "beta" }, "2.2");
    const profile = await server.ok("POST", "profiles", {
      ...{ name: `profile ${tag}`, selector: { q: "alpha", tags: [tag] }, template: {} },
    });
    const counts = async (query: string) => {
      const { devices, totals } = await ask("timeouts", query);
      return [devices, totals.ping, totals.publish];
    };
    expect(await counts("")).toEqual([2, 1, 1]);
    for (const only of [`deviceId=${a}`, "q=alpha", "firmware=2.1", "imei=86*77", `profile=${profile.id}`])
      expect([only, await counts(only)]).toEqual([only, [1, 1, 0]]);
    expect(await counts("cell=CAFE")).toEqual([1, 0, 1]);
    expect(await counts("state=unknown&online=true")).toEqual([2, 1, 1]);
    expect(await counts("online=false")).toEqual([0, 0, 0]);
    const groups = async (by: string) => (await ask("timeouts", `groupBy=${by}`)).groups;
    expect(await groups("firmware")).toMatchObject([
      { group: "2.1", ping: 1 },
      { group: "2.2", publish: 1 },
    ]);
    expect(await groups("tag")).toMatchObject([{ group: tag, ping: 1, publish: 1 }]);
    expect(await groups("profile")).toMatchObject([{ group: profile.id, name: `profile ${tag}`, ping: 1, publish: 0 }]);
    expect((await groups("hour-of-day"))[new Date(hour).getUTCHours()]).toMatchObject({ ping: 1, publish: 1 });
    expect((await ask("disconnects", "groupBy=cell")).groups).toEqual([]);
  });

  it("answers in CSV, which no spreadsheet takes for a formula", async () => {
    await device(losses(), { name: "=lost" });
    const csv = (question: string, query: string, accept?: string) =>
      server.send("GET", `/api/v1/analytics/${question}?tag=${tag}&${range}&${query}`, {
        headers: { authorization: `Bearer ${server.adminKey}`, ...(accept && { accept }) },
      });
    const answer = await csv("timeouts", "format=csv");
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    expect(answer.headers.get("x-fleet-devices")).toBe("1");
    expect(answer.headers.get("x-fleet-from")).toBe(iso(hour));
    expect(answer.body).toBe(
      `at,connect,publish,subscribe,unsubscribe,ping,unknown\r\n${iso(hour)},0,0,0,0,8,0\r\n${iso(hour + HOUR_MS)},0,0,0,0,1,0\r\n`,
    );
    expect((await csv("outages", "limit=1", "text/csv;q=0.9, application/json;q=0.1")).body).toMatch(
      /^deviceId,name,began,ended,seconds,unknownSeconds,cause,cell\r\n[0-9a-f-]{36},'=lost,.*,600,0,heartbeat-lost,0C5A\r\n$/,
    );
    expect((await csv("signal", "groupBy=tag", "text/csv")).body).toBe(
      `group,name,samples,meanDbm,minDbm,maxDbm\r\n${tag},,1,-73,-73,-73\r\n`,
    );
    expect((await csv("availability", "format=json", "text/csv")).body.devices).toBe(1);
    expect((await csv("timeouts", "to=2020-01-01T00:00:00Z&format=csv")).status).toBe(422);
  });

  it.each([
    ["outages?timeZone=Mars/Olympus", ["timeZone"]],
    ["disconnects?groupBy=colour&limit=0", ["groupBy", "limit"]],
    ["flapping?perHour=1", ["perHour"]],
    ["signal?format=xml&bucket=minute", ["bucket", "format"]],
    ["correlated-outages?windowS=0&by=imei&minDevices=1", ["by", "minDevices", "windowS"]],
    ["connect-latency?from=2026-02-30T00:00:00Z", ["from"]],
    ["advice?kind=none&colour=red", ["colour", "kind"]],
    ["availability?state=asleep&online=maybe&imei=x&cell=", ["cell", "imei", "online", "state"]],
  ])("refuses %s naming %j", async (question, paths) => {
    const answer = await server.request("GET", `analytics/${question}`);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual(paths);
  });

  it("does not know devices and profiles that are not there", async () => {
    const nobody = crypto.randomUUID();
    for (const question of ["outages", "advice", "flapping"])
      for (const criterion of ["deviceId", "profile"])
        expect((await server.request("GET", `analytics/${question}?${criterion}=${nobody}`)).status).toBe(404);
    expect(
      (await server.request("POST", "analytics/what-if", { deviceId: nobody, settings: { keepAliveS: 30 } })).status,
    ).toBe(404);
  });

  /** Statements that make a device ($1) have had something, in the hour that began at $2. */
  const timeouts = (type: string, count: number) =>
    `INSERT INTO timeout_hour (device_id, hour, ${type}) VALUES ($1, $2, ${count})
     ON CONFLICT (device_id, hour) DO UPDATE SET ${type} = ${count}`;
  const sample = (dbm: number) => `INSERT INTO signal_hour VALUES ($1, $2, 1, ${dbm}, ${dbm}, ${dbm})`;
  const lossesOf = (count: number) => `INSERT INTO disconnect_hour VALUES ($1, $2, 'heartbeat-lost', ${count})`;
  const connection = (seq: number) =>
    `INSERT INTO connection_interval (device_id, epoch, seq, state, began, ended, cause)
     VALUES ($1, 9, ${seq}, 'connected', $2, $2::timestamptz + interval '1 min', 'gave-up')`;
  const connectedDay = (daysAgo: number) =>
    `INSERT INTO availability_day VALUES ($1, ($2::timestamptz AT TIME ZONE 'UTC')::date - ${daysAgo}, 86400000, 86400000)`;

  describe("advice", () => {
    const CONFIG = { host: "broker.example", port: 1883, clientId: "c" };
    async function lived(id: string, keepAliveS: number, ackTimeoutS: number) {
      await server.database.pool.query(
        `INSERT INTO device_config (device_id, reported_version, reported) VALUES ($1, 1, $2)
         ON CONFLICT (device_id) DO UPDATE SET reported_version = 1, reported = excluded.reported`,
        [id, { mqtt: { keepAliveS, ackTimeoutS } }],
      );
    }
    const advice = (query = "") => ask("advice", query);

    it("rests on figures that the other questions answer", async () => {
      const id = await device(losses());
      await lived(id, 300, 20);
      const { rows, total } = await advice();
      expect(total).toBe(1);
      expect(rows[0]).toMatchObject({
        kind: "losses-noticed-late",
        deviceId: id,
        evidence: { from: iso(hour), to: iso(hour + 2 * HOUR_MS), settings: { keepAliveS: 300, ackTimeoutS: 20 } },
        change: { mqtt: { keepAliveS: 60 } },
        effect: { code: "noticed-sooner", parameters: { proposedS: 60, meanS: 2.5 * 60 + 20 } },
      });
      const [{ endpoint, value }] = rows[0].evidence.figures;
      const asked = await server.ok("GET", endpoint.replace("/api/v1/", ""));
      expect([value, asked.totals["heartbeat-lost"]]).toEqual([3, 3]);
      expect(rows[0].finding.text).toContain("770 s on average");
    });

    it.each<[string, [keepAliveS: number, ackTimeoutS: number], string[]]>([
      ["acknowledgements-late", [60, 10], [timeouts("ping", 5)]],
      ["connect-timeouts-weak-signal", [60, 10], [timeouts("connect", 3), sample(-110)]],
      ["connect-timeouts-good-signal", [60, 10], [timeouts("connect", 3), sample(-80)]],
      ["publish-timeouts", [60, 10], [timeouts("publish", 5)]],
      ["reopened-in-vain", [60, 10], [1, 2, 3].map((seq) => connection(seq))],
      ["pings-without-need", [30, 5], [1, 2, 3, 4, 5].map((days) => connectedDay(days))],
      ["losses-noticed-late", [300, 10], [lossesOf(2)]],
      ["", [60, 10], [lossesOf(2), timeouts("ping", 10), timeouts("connect", 2), connection(1)]],
    ])("%s is found in what is summed up", async (kind, [keepAliveS, ackTimeoutS], happened) => {
      const id = await device([]);
      await lived(id, keepAliveS, ackTimeoutS);
      for (const sql of happened) await server.database.pool.query(sql, [id, iso(hour)]);
      const range = `from=${iso(hour - 8 * DAY_MS)}&to=${iso(hour + DAY_MS)}`;
      const { rows } = await server.ok("GET", `analytics/advice?deviceId=${id}&${range}`);
      expect(rows.map((row: { kind: string }) => row.kind)).toEqual(kind === "" ? [] : [kind]);
    });

    it("becomes the draft of a profile that changes nothing before it is sent", async () => {
      const id = await device([]);
      await server.ok("PUT", `devices/${id}/config`, { mqtt: CONFIG });
      await server.ok("PATCH", `devices/${id}/config`, { mqtt: { keepAliveS: null, ackTimeoutS: null } });
      await lived(id, 10, 10);
      const [one] = (await advice()).rows;
      expect(one).toMatchObject({ kind: "ack-timeout-not-below-keep-alive", severity: "warning" });
      const before = await server.ok("GET", `devices/${id}/config`);
      const draft = await server.ok("POST", "analytics/advice/draft", {
        deviceIds: [id],
        advice: [{ kind: one.kind, change: one.change }],
      });
      expect(draft).toMatchObject({
        profile: { selector: { deviceIds: [id] }, template: { mqtt: { ackTimeoutS: 5 } } },
        effect: { devices: 1, changed: 1, rejected: 0 },
      });
      expect(await server.ok("GET", `devices/${id}/config`)).toEqual(before);
      expect((await server.ok("GET", "profiles?limit=500")).items).not.toContainEqual(
        expect.objectContaining({ name: draft.profile.name }),
      );
      await server.ok("POST", "profiles", draft.profile);
    });

    it.each([
      [{ advice: [{ kind: "publish-timeouts", change: { mqtt: { ackTimeoutS: 5 } } }] }, ["deviceIds"]],
      [{ selector: { all: true }, advice: [] }, ["advice"]],
      [
        {
          selector: { all: true },
          advice: [
            { kind: "publish-timeouts", change: { mqtt: { ackTimeoutS: 5 } } },
            { kind: "acknowledgements-late", change: { mqtt: { ackTimeoutS: 6 } } },
          ],
        },
        ["advice.1.change.mqtt.ackTimeoutS"],
      ],
      [
        {
          selector: { all: true },
          advice: [{ kind: "publish-timeouts", change: { mqtt: { ackTimeoutS: 90, keepAliveS: 60 } } }],
        },
        ["template.mqtt.ackTimeoutS"],
      ],
    ])("is not drafted from %j", async (body, paths) => {
      const answer = await server.request("POST", "analytics/advice/draft", body);
      expect(answer.status).toBe(422);
      expect(answer.body.errors.map(({ path }: { path: string }) => path)).toEqual(paths);
    });

    it("replays a device's history with other settings", async () => {
      const id = await device(losses());
      await lived(id, 60, 10);
      const ranged = { deviceId: id, from: iso(hour), to: iso(hour + 2 * HOUR_MS) };
      const answer = whatIfAnswerSchema.parse(
        await server.ok("POST", "analytics/what-if", { ...ranged, settings: { keepAliveS: 30 } }),
      );
      expect(answer.recorded).toMatchObject({ pingTimeouts: 9, heartbeatLosses: 3, deadStretches: 3, outlived: 0 });
      expect(answer.lived).toMatchObject({ lossesNoticed: 3, falseAlarms: 0, lossesUnnoticed: 0 });
      expect(answer.asked.settings).toMatchObject({ keepAliveS: 30, ackTimeoutS: 10 });
      expect(answer.asked).toMatchObject({ lossesNoticed: 3, falseAlarms: 0 });
      expect(answer.asked.meanNoticingS!).toBeLessThan(answer.lived.meanNoticingS!);
      expect(answer.asked.pings).toBeGreaterThan(1.8 * answer.lived.pings);
      expect(answer.assumptions.map(({ code }) => code)).toContain("dead-by-losses");
      const refused = async (body: object) => {
        const { status, body: problem } = await server.request("POST", "analytics/what-if", { ...ranged, ...body });
        return [status, problem.errors?.map(({ path }: { path: string }) => path)];
      };
      expect(await refused({ settings: { ackTimeoutS: 61 } })).toEqual([422, ["settings.ackTimeoutS"]]);
      expect(await refused({ settings: {} })).toEqual([422, ["settings"]]);
      expect(await refused({ settings: { keepAliveS: 30 }, from: iso(hour - 100 * 24 * HOUR_MS) })).toEqual([
        422,
        ["from"],
      ]);
    });
  });
});
