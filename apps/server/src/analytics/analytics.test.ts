import { AskedFleet, HOUR_MS, iso } from "./test-support/asked-fleet";

describe("the questions of analytics", () => {
  let fleet: AskedFleet;

  beforeAll(async () => {
    fleet = await AskedFleet.start();
  }, 60_000);
  beforeEach(() => fleet.startOver());
  afterAll(() => fleet.stop());

  it("says how often and how long modules were away, and what goes on", async () => {
    const lost = await fleet.device(fleet.losses(), { name: "=lost" });
    await fleet.device([
      fleet.change(1, 1, "initialized", "connected", 0, "requested"),
      fleet.change(2, 100, "connected", "disconnected", 1, "connect-refused"),
    ]);
    const answer = await fleet.ask("outages");
    expect(answer).toMatchObject({ devices: 2, outages: 4, ongoing: 1, requested: 0, mttrSeconds: 600 });
    // 120 minutes less 5.5 and 30 of the one, 99 of the other
    expect(answer.connectedSeconds).toBe((120 - 5.5 - 30 + 99) * 60);
    expect(answer.mtbfSeconds).toBe(answer.connectedSeconds / 4);
    expect(answer.rows).toHaveLength(4);
    expect(answer.rows[0]).toMatchObject({ cause: "connect-refused", ended: null, began: iso(fleet.at(100)) });
    expect(answer.longestSeconds).toBe(answer.rows[0].seconds);
    expect(answer.rows[1]).toMatchObject({ deviceId: lost, seconds: 600, unknownSeconds: 0, cell: "0C5A" });
    expect(await fleet.ask("outages", "cause=connect-refused")).toMatchObject({ outages: 1, distribution: [] });
    const { groups } = await fleet.ask("outages", "groupBy=device");
    expect(groups.map(({ outages, mttrSeconds }: Record<string, number>) => [outages, mttrSeconds])).toEqual([
      [3, 600],
      [1, null],
    ]);
    const hours = (await fleet.ask("outages", "groupBy=hour-of-day")).groups;
    expect(hours).toHaveLength(24);
    expect(hours[new Date(fleet.hour).getUTCHours()]).toMatchObject({ outages: 2 });
  });

  it("names devices that flap, at their peak", async () => {
    const flapping = await fleet.device(fleet.losses());
    await fleet.device([fleet.change(1, 30, "connected", "disconnected", 0, "requested")]);
    const answer = await fleet.ask("flapping", "perHour=2");
    expect(answer).toMatchObject({ devices: 2, perHour: 2, flapping: 1 });
    expect(answer.rows).toEqual([
      { deviceId: flapping, name: "device", disconnects: 3, flappingHours: 1, peakAt: iso(fleet.hour), peakPerHour: 2 },
    ]);
    expect(await fleet.ask("flapping", "perHour=3")).toMatchObject({ flapping: 0, rows: [] });
    // By the clock of a place half an hour off, two of them lie in another hour.
    const kolkata = await fleet.ask("flapping", "perHour=2&timeZone=Asia/Kolkata");
    expect(kolkata.rows).toMatchObject([{ peakAt: iso(fleet.at(30)), peakPerHour: 2 }]);
  });

  it("finds the incident of a cell among outages of their own", async () => {
    const cell = (name: string, minute: number) =>
      fleet.device([
        fleet.signal(1, 0, 15, name),
        fleet.change(2, 1, "initialized", "connected", 0, "requested"),
        fleet.change(3, minute, "connected", "reconnecting", 1, "heartbeat-lost"),
        fleet.change(4, minute + 30, "reconnecting", "connected", minute, "heartbeat-lost"),
      ]);
    const together = [await cell("A", 40), await cell("A", 42), await cell("A", 44)];
    await cell("A", 80);
    await cell("B", 41);
    await cell("B", 60);
    const answer = await fleet.ask("correlated-outages");
    expect(answer).toMatchObject({ devices: 6, by: "cell", windowS: 300, minDevices: 3 });
    expect(answer.rows).toEqual([
      {
        ...{ group: "A", began: iso(fleet.at(40)), lastBegan: iso(fleet.at(44)), devices: 3, cause: "heartbeat-lost" },
        deviceIds: together,
      },
    ]);
    expect((await fleet.ask("correlated-outages", "windowS=60")).rows).toEqual([]);
    expect((await fleet.ask("correlated-outages", "by=tag&minDevices=4")).rows).toMatchObject([
      { group: fleet.tag, devices: 4 },
    ]);
    expect(
      (await fleet.ask("availability", "groupBy=cell")).groups.map(({ group }: { group: string }) => group),
    ).toEqual(expect.arrayContaining(["A", "B"]));
  });

  it("finds the newest incidents among many outages, however many of these have to be looked at", async () => {
    const ids = await Promise.all(Array.from({ length: 3 }, () => fleet.device([])));
    // Of the three at once in the first minute and in the last, and of one of them by itself 5,000 times in between.
    await fleet.server.database.pool.query(
      `INSERT INTO outage (device_id, epoch, seq, began, ended, cause, cell)
       SELECT d, 1, n, $2::timestamptz + n * interval '1 s', $2::timestamptz + (n + 1) * interval '1 s', 'gave-up', cell
         FROM unnest($1::uuid[]) AS d, (VALUES (1, 'first'), (5800, 'last')) AS o (n, cell)
       UNION ALL
       SELECT ($1::uuid[])[1], 1, n, $2::timestamptz + n * interval '1 s', $2::timestamptz + (n + 1) * interval '1 s',
              'gave-up', 'alone' FROM generate_series(400, 5400) AS n`,
      [ids, iso(fleet.hour)],
    );
    const groups = async (query: string) =>
      (await fleet.ask("correlated-outages", query)).rows.map(({ group }: { group: string }) => group);
    expect(await groups("limit=1")).toEqual(["last"]);
    expect(await groups("")).toEqual(["last", "first"]);
  });

  it("tells the signal by time, device and group", async () => {
    const weak = await fleet.device([fleet.signal(1, 10, 2), fleet.signal(2, 70, 4), fleet.signal(3, 71, 99)], {
      name: "weak",
    });
    await fleet.device([fleet.signal(1, 10, 25)]);
    const answer = await fleet.ask("signal", "groupBy=device");
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

  it("adds up as many samples of one hour as a flood may bring", async () => {
    const id = await fleet.device([]);
    const hour = "INSERT INTO signal_hour VALUES ($1, $2, 30000000, -3000000000, -110, -90)";
    await fleet.server.database.pool.query(hour, [id, iso(fleet.hour)]);
    expect(await fleet.ask("signal")).toMatchObject({ samples: 30_000_000, meanDbm: -100, worst: [{ meanDbm: -100 }] });
  });

  it("lists who hears its network worst of those that are still there", async () => {
    const gone = await fleet.device([fleet.signal(1, 10, 0)]);
    const there = await fleet.device([fleet.signal(1, 10, 1)]);
    await fleet.server.ok("DELETE", `devices/${gone}`);
    const { worst } = await fleet.server.ok("GET", `analytics/signal?${fleet.range}&limit=1`);
    expect(worst).toMatchObject([{ deviceId: there, meanDbm: -111 }]);
  });

  it("counts what goes on, as long as its agent is there, and says what nobody saw", async () => {
    await fleet.device([fleet.change(1, 60, "initialized", "connected", 0, "requested")]);
    const connected = await fleet.ask("availability", "bucket=hour");
    expect(connected).toMatchObject({
      fleet: { connectedSeconds: 3_600, knownSeconds: 7_200, availability: 0.5 },
      percentiles: { p5: 0.5, p50: 0.5, p95: 0.5 },
      unknownShare: 0,
      series: [
        { at: iso(fleet.hour), connectedSeconds: 0, knownSeconds: 3_600 },
        { at: iso(fleet.hour + HOUR_MS), connectedSeconds: 3_600, knownSeconds: 3_600 },
      ],
    });
    await fleet.agents.splice(0)[0]!.leave();
    for (let left = 0; (await fleet.ask("availability")).unknownShare !== 0.5; left++) expect(left).toBeLessThan(200);
  });

  it("is about the devices that all criteria choose", async () => {
    const a = await fleet.device([fleet.timeout(1, 1, 5)], { name: "Alpha", imei: "860000000000077" }, "2.1");
    await fleet.device([fleet.timeout(1, 1, 2), fleet.signal(2, 1, 9, "CAFE")], { name: "beta" }, "2.2");
    const profile = await fleet.server.ok("POST", "profiles", {
      ...{ name: `profile ${fleet.tag}`, selector: { q: "alpha", tags: [fleet.tag] }, template: {} },
    });
    const counts = async (query: string) => {
      const { devices, totals } = await fleet.ask("timeouts", query);
      return [devices, totals.ping, totals.publish];
    };
    expect(await counts("")).toEqual([2, 1, 1]);
    for (const only of [`deviceId=${a}`, "q=alpha", "firmware=2.1", "imei=86*77", `profile=${profile.id}`])
      expect([only, await counts(only)]).toEqual([only, [1, 1, 0]]);
    expect(await counts("cell=CAFE")).toEqual([1, 0, 1]);
    expect(await counts("state=unknown&online=true")).toEqual([2, 1, 1]);
    expect(await counts("online=false")).toEqual([0, 0, 0]);
    const groups = async (by: string) => (await fleet.ask("timeouts", `groupBy=${by}`)).groups;
    expect(await groups("firmware")).toMatchObject([
      { group: "2.1", ping: 1 },
      { group: "2.2", publish: 1 },
    ]);
    expect(await groups("tag")).toMatchObject([{ group: fleet.tag, ping: 1, publish: 1 }]);
    expect(await groups("profile")).toMatchObject([
      { group: profile.id, name: `profile ${fleet.tag}`, ping: 1, publish: 0 },
    ]);
    expect((await groups("hour-of-day"))[new Date(fleet.hour).getUTCHours()]).toMatchObject({ ping: 1, publish: 1 });
    expect((await fleet.ask("disconnects", "groupBy=cell")).groups).toEqual([]);
  });

  it("answers in CSV, which no spreadsheet takes for a formula", async () => {
    await fleet.device(fleet.losses(), { name: "=lost" });
    const csv = (question: string, query: string, accept?: string) =>
      fleet.server.send("GET", `/api/v1/analytics/${question}?tag=${fleet.tag}&${fleet.range}&${query}`, {
        headers: { authorization: `Bearer ${fleet.server.adminKey}`, ...(accept && { accept }) },
      });
    const answer = await csv("timeouts", "format=csv");
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    expect(answer.headers.get("x-fleet-devices")).toBe("1");
    expect(answer.headers.get("x-fleet-from")).toBe(iso(fleet.hour));
    expect(answer.body).toBe(
      `at,connect,publish,subscribe,unsubscribe,ping,unknown\r\n${iso(fleet.hour)},0,0,0,0,8,0\r\n${iso(fleet.hour + HOUR_MS)},0,0,0,0,1,0\r\n`,
    );
    expect((await csv("outages", "limit=1", "text/csv;q=0.9, application/json;q=0.1")).body).toMatch(
      /^deviceId,name,began,ended,seconds,unknownSeconds,cause,cell\r\n[0-9a-f-]{36},'=lost,.*,600,0,heartbeat-lost,0C5A\r\n$/,
    );
    expect((await csv("signal", "groupBy=tag", "text/csv")).body).toBe(
      `group,name,samples,meanDbm,minDbm,maxDbm\r\n${fleet.tag},,1,-73,-73,-73\r\n`,
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
    const answer = await fleet.server.request("GET", `analytics/${question}`);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual(paths);
  });

  it("does not know devices and profiles that are not there", async () => {
    const nobody = crypto.randomUUID();
    for (const question of ["outages", "advice", "flapping"])
      for (const criterion of ["deviceId", "profile"])
        expect((await fleet.server.request("GET", `analytics/${question}?${criterion}=${nobody}`)).status).toBe(404);
    expect(
      (await fleet.server.request("POST", "analytics/what-if", { deviceId: nobody, settings: { keepAliveS: 30 } }))
        .status,
    ).toBe(404);
  });
});
