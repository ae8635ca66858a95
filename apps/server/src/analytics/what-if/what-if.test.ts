import { whatIfAnswerSchema } from "@mn316-fleet/contracts";
import { AskedFleet, HOUR_MS, iso } from "../test-support/asked-fleet";
import { lived } from "../test-support/lived";

describe("what-if", () => {
  let fleet: AskedFleet;

  beforeAll(async () => {
    fleet = await AskedFleet.start();
  }, 60_000);
  beforeEach(() => fleet.startOver());
  afterAll(() => fleet.stop());

  it("replays a device's history with other settings", async () => {
    const id = await fleet.device(fleet.losses());
    await lived(fleet.server, id, 60, 10);
    const ranged = { deviceId: id, from: iso(fleet.hour), to: iso(fleet.hour + 2 * HOUR_MS) };
    const answer = whatIfAnswerSchema.parse(
      await fleet.server.ok("POST", "analytics/what-if", { ...ranged, settings: { keepAliveS: 30 } }),
    );
    expect(answer.recorded).toMatchObject({ pingTimeouts: 9, heartbeatLosses: 3, deadStretches: 3, outlived: 0 });
    expect(answer.lived).toMatchObject({ lossesNoticed: 3, falseAlarms: 0, lossesUnnoticed: 0 });
    expect(answer.asked.settings).toMatchObject({ keepAliveS: 30, ackTimeoutS: 10 });
    expect(answer.asked).toMatchObject({ lossesNoticed: 3, falseAlarms: 0 });
    expect(answer.asked.meanNoticingS!).toBeLessThan(answer.lived.meanNoticingS!);
    expect(answer.asked.pings).toBeGreaterThan(1.8 * answer.lived.pings);
    expect(answer.assumptions.map(({ code }) => code)).toContain("dead-by-losses");
    const refused = async (body: object) => {
      const { status, body: problem } = await fleet.server.request("POST", "analytics/what-if", { ...ranged, ...body });
      return [status, problem.errors?.map(({ path }: { path: string }) => path)];
    };
    expect(await refused({ settings: { ackTimeoutS: 61 } })).toEqual([422, ["settings.ackTimeoutS"]]);
    expect(await refused({ settings: {} })).toEqual([422, ["settings"]]);
    expect(await refused({ settings: { keepAliveS: 30 }, from: iso(fleet.hour - 100 * 24 * HOUR_MS) })).toEqual([
      422,
      ["from"],
    ]);
  });
});
