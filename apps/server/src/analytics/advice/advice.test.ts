import { AskedFleet, HOUR_MS, iso } from "../test-support/asked-fleet";
import { lived } from "../test-support/lived";

const DAY_MS = 24 * HOUR_MS;
const CONFIG = { host: "broker.example", port: 1883, clientId: "c" };

/** Statements that make a device ($1) have had something, in the hour that began at $2. */
const timeouts = (type: string, count: number) =>
  `INSERT INTO timeout_hour (device_id, hour, ${type}) VALUES ($1, $2, ${count})
   ON CONFLICT (device_id, hour) DO UPDATE SET ${type} = ${count}`;
const sample = (dbm: number) => `INSERT INTO signal_hour VALUES ($1, $2, 1, ${dbm}, ${dbm}, ${dbm})`;
const lossesOf = (count: number) => `INSERT INTO disconnect_hour VALUES ($1, $2, 'heartbeat-lost', ${count})`;
const connection = (seq: number) =>
  `INSERT INTO connection_interval (device_id, epoch, seq, state, began, ended, cause)
   VALUES ($1, 9, ${seq}, 'connected', $2, $2::timestamptz + interval '1 min', 'gave-up')`;
/** Of a week from so many weeks ago on. */
const connectedDays = (count: number, weeksAgo: number) => {
  const columns = Array.from({ length: count }, (_, day) => [`connected_${day}`, `known_${day}`]).flat();
  return `INSERT INTO availability_week (device_id, week, ${columns.join(", ")})
          SELECT $1, date '1970-01-01' + (($2::timestamptz AT TIME ZONE 'UTC')::date - date '1970-01-01') / 7 * 7 - ${7 * weeksAgo},
                 ${columns.map(() => "86400000").join(", ")}`;
};

describe("advice", () => {
  let fleet: AskedFleet;

  beforeAll(async () => {
    fleet = await AskedFleet.start();
  }, 60_000);
  beforeEach(() => fleet.startOver());
  afterAll(() => fleet.stop());

  const advice = (query = "") => fleet.ask("advice", query);

  it("rests on figures that the other questions answer", async () => {
    const id = await fleet.device(fleet.losses());
    await lived(fleet.server, id, 300, 20);
    const { rows, total } = await advice();
    expect(total).toBe(1);
    expect(rows[0]).toMatchObject({
      kind: "losses-noticed-late",
      deviceId: id,
      evidence: {
        from: iso(fleet.hour),
        to: iso(fleet.hour + 2 * HOUR_MS),
        settings: { keepAliveS: 300, ackTimeoutS: 20 },
      },
      change: { mqtt: { keepAliveS: 60 } },
      effect: { code: "noticed-sooner", parameters: { proposedS: 60, meanS: 2.5 * 60 + 20 } },
    });
    const [{ endpoint, value }] = rows[0].evidence.figures;
    const asked = await fleet.server.ok("GET", endpoint.replace("/api/v1/", ""));
    expect([value, asked.totals["heartbeat-lost"]]).toEqual([3, 3]);
    expect(rows[0].finding.text).toContain("770 s on average");
  });

  it.each<[string, [keepAliveS: number, ackTimeoutS: number], string[]]>([
    ["acknowledgements-late", [60, 10], [timeouts("ping", 5)]],
    ["connect-timeouts-weak-signal", [60, 10], [timeouts("connect", 3), sample(-110)]],
    ["connect-timeouts-good-signal", [60, 10], [timeouts("connect", 3), sample(-80)]],
    ["publish-timeouts", [60, 10], [timeouts("publish", 5)]],
    ["reopened-in-vain", [60, 10], [1, 2, 3].map((seq) => connection(seq))],
    ["pings-without-need", [30, 5], [connectedDays(5, 1)]],
    ["losses-noticed-late", [300, 10], [lossesOf(2)]],
    ["", [60, 10], [lossesOf(2), timeouts("ping", 10), timeouts("connect", 2), connection(1)]],
  ])("%s is found in what is summed up", async (kind, [keepAliveS, ackTimeoutS], happened) => {
    const id = await fleet.device([]);
    await lived(fleet.server, id, keepAliveS, ackTimeoutS);
    for (const sql of happened) await fleet.server.database.pool.query(sql, [id, iso(fleet.hour)]);
    const range = `from=${iso(fleet.hour - 15 * DAY_MS)}&to=${iso(fleet.hour + DAY_MS)}`;
    const found = async (whose: string): Promise<string[]> => {
      const { rows } = await fleet.server.ok("GET", `analytics/advice?${range}&limit=1000${whose}`);
      return rows.flatMap((row: { kind: string; deviceId: string }) => (row.deviceId === id ? row.kind : []));
    };
    const expected = kind === "" ? [] : [kind];
    expect(await found(`&deviceId=${id}`)).toEqual(expected);
    const older = "UPDATE config_version SET at = at - interval '30 days' WHERE device_id = $1";
    await fleet.server.database.pool.query(older, [id]);
    expect(await found(`&deviceId=${id}`)).toEqual(expected);
    expect(await found("")).toEqual(expected);
  });

  it("becomes the draft of a profile that changes nothing before it is sent", async () => {
    const id = await fleet.device([]);
    await fleet.server.ok("PUT", `devices/${id}/config`, { mqtt: CONFIG });
    await fleet.server.ok("PATCH", `devices/${id}/config`, { mqtt: { keepAliveS: null, ackTimeoutS: null } });
    await lived(fleet.server, id, 10, 10);
    const [one] = (await advice()).rows;
    expect(one).toMatchObject({ kind: "ack-timeout-not-below-keep-alive", severity: "warning" });
    const before = await fleet.server.ok("GET", `devices/${id}/config`);
    const draft = await fleet.server.ok("POST", "analytics/advice/draft", {
      deviceIds: [id],
      advice: [{ kind: one.kind, change: one.change }],
    });
    expect(draft).toMatchObject({
      profile: { selector: { deviceIds: [id] }, template: { mqtt: { ackTimeoutS: 5 } } },
      effect: { devices: 1, changed: 1, rejected: 0 },
    });
    expect(await fleet.server.ok("GET", `devices/${id}/config`)).toEqual(before);
    expect((await fleet.server.ok("GET", "profiles?limit=500")).items).not.toContainEqual(
      expect.objectContaining({ name: draft.profile.name }),
    );
    await fleet.server.ok("POST", "profiles", draft.profile);
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
    const answer = await fleet.server.request("POST", "analytics/advice/draft", body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ path }: { path: string }) => path)).toEqual(paths);
  });
});
