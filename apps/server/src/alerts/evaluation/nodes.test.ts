import type { WriteAlertRuleInput } from "@mn316-fleet/contracts";
import { asSystem } from "../../platform/database/fleet-scope";
import { AlertsUnderTest } from "../../test-support/alerts-under-test";
import { WebhookReceiver } from "../../test-support/webhook-receiver";
import { Delivery } from "../delivery/delivery";
import { AlertEvaluator } from "./evaluator";
import { TellingStore } from "./telling.store";

describe("several nodes that watch the same rules", () => {
  let fleet: AlertsUnderTest;
  let receiver: WebhookReceiver;
  let ids: string[];
  let channelId: string;
  beforeEach(async () => {
    fleet = await AlertsUnderTest.start();
    receiver = await WebhookReceiver.start();
    const channel = { name: "c", kind: "webhook", url: receiver.url };
    channelId = (await fleet.app.ok("POST", "alert-channels", channel)).id;
    ids = [];
    for (let n = 0; n < 5; n++) ids.push(await fleet.device());
    await fleet.link(ids, false, 0);
  });
  afterEach(async () => {
    await receiver.stop();
    await fleet.stop();
  });
  const rule = (fields: Partial<WriteAlertRuleInput> = {}) => fleet.rule({ channelIds: [channelId], ...fields });
  const notifications = async () => (await fleet.app.ok("GET", "notifications")).items as { alerts: number }[];

  it("look once, whoever of them it is, and tell once", async () => {
    for (let n = 0; n < 6; n++) await rule({ name: `r${n}` });
    const other = await fleet.addApp();
    for (const minutes of [6, 7, 8]) {
      const looks = await Promise.all(
        [fleet.app, other, fleet.app, other].map((app) => app.app.get(AlertEvaluator).evaluate(fleet.at(minutes))),
      );
      expect(looks.reduce((sum, count) => sum + count, 0)).toBe(6);
    }
    expect(await fleet.alerts()).toHaveLength(30);
    expect((await notifications()).map(({ alerts }) => alerts)).toEqual([5, 5, 5, 5, 5, 5]);
  });

  it("leave nothing half done where one dies before it commits, and the next one does all of it", async () => {
    await rule();
    const telling = fleet.app.app.get(TellingStore);
    const tell = telling.tell.bind(telling);
    // Its connection is cut when everything was written and nothing is committed.
    telling.tell = async (tx, looked, now) => {
      await tell(tx, looked, now);
      await asSystem(() =>
        fleet.sql(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'",
        ),
      );
      return tell(tx, looked, now);
    };
    expect(await fleet.look(6)).toBe(0);
    telling.tell = tell;
    expect(await fleet.alerts("")).toEqual([]);
    expect(await notifications()).toEqual([]);
    await fleet.look(6);
    expect(await fleet.alerts()).toHaveLength(5);
    expect(await notifications()).toMatchObject([{ alerts: 5 }]);
  });

  it("deliver what one committed and did not live to deliver, once, whoever comes first", async () => {
    for (let n = 0; n < 20; n++) await rule({ name: `r${n}` });
    await fleet.look(6); // without workers, so nothing is delivered here
    const other = await fleet.addApp();
    const attempts = await Promise.all([fleet.app, other].map((app) => app.app.get(Delivery).deliver()));
    expect(attempts.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect(receiver.received).toHaveLength(20);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(20);
    expect((await fleet.app.ok("GET", "notifications?state=delivered")).items).toHaveLength(20);
  });

  it("go on with the other rules where one cannot be asked", async () => {
    await rule({ name: "broken" });
    await rule({ name: "whole" });
    await fleet.sql(`UPDATE alert_rule SET params = '{"forS": "x"}', kind = 'availability' WHERE name = 'broken'`);
    expect(await fleet.look(6)).toBe(1);
    expect((await fleet.alerts()).every(({ rule: name }) => name === "whole")).toBe(true);
  });

  it("wait for a rule that is being written, and a write waits for a look", async () => {
    const { id } = await rule();
    await fleet.look(6);
    await Promise.all([fleet.look(7), fleet.app.ok("DELETE", `alert-rules/${id}`), fleet.look(8)]);
    expect(await fleet.alerts()).toEqual([]);
    const over = await fleet.alerts("state=resolved");
    expect(over).toHaveLength(5);
    expect(over[0]).toMatchObject({ rule: "offline", ruleId: null, resolution: "rule-removed" });
  });
});
