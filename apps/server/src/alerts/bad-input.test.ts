import { randomUUID } from "node:crypto";
import { AlertsUnderTest } from "../test-support/alerts-under-test";

const WEBHOOK = { name: "hook", kind: "webhook", url: "https://hooks.example.com/services" };

describe("alerts refuse bad input with one entry a field, and change nothing:", () => {
  let fleet: AlertsUnderTest;
  beforeAll(async () => {
    fleet = await AlertsUnderTest.start();
    await fleet.app.ok("POST", "alert-channels", WEBHOOK);
  });
  afterAll(async () => {
    await fleet.stop();
  });

  const good = { name: "x", kind: "device-offline", params: {}, selector: { all: true } };
  it.each<[what: string, path: string, body: object, paths: string[]]>([
    ["a rule of no kind", "alert-rules", { name: "x" }, ["kind"]],
    [
      "a rule wrong in everything",
      "alert-rules",
      {
        name: "",
        kind: "timeouts",
        params: { type: "sleep", perHour: -1, overS: 5, x: 1 },
        selector: { online: true, colour: "red" },
        severity: "loud",
        clearAfterS: 1.5,
        groupBy: { by: "cell", minDevices: 1 },
        channelIds: ["x"],
        isEnabled: "yes",
        extra: 1,
      },
      [
        "name",
        "params.type",
        "params.perHour",
        "params.overS",
        "params.x",
        "selector.online",
        "selector.colour",
        "severity",
        "clearAfterS",
        "groupBy.minDevices",
        "channelIds.0",
        "isEnabled",
        "extra",
      ],
    ],
    ["a selector of nothing", "alert-rules", { ...good, selector: {} }, ["selector"]],
    ["params of another kind", "alert-rules", { ...good, params: { underPercent: 5 } }, ["params.underPercent"]],
    ["an availability without its share", "alert-rules", { ...good, kind: "availability" }, ["params.underPercent"]],
    ["a job in a group", "alert-rules", { ...good, kind: "job-aborted", groupBy: { by: "cell" } }, ["groupBy.by"]],
    ["channels that are not there", "alert-rules", { ...good, channelIds: [randomUUID()] }, ["channelIds.0"]],
    ["control characters", "alert-rules", { ...good, name: "a\u0000b" }, ["name"]],
    ["a channel of no kind", "alert-channels", { name: "x", kind: "pager" }, ["kind"]],
    [
      "a webhook wrong in everything",
      "alert-channels",
      { name: "x", kind: "webhook", url: "ftp://a", secret: "short", to: ["a@b.cd"] },
      ["url", "secret", "to"],
    ],
    ["credentials in an address", "alert-channels", { ...WEBHOOK, name: "x", url: "https://a:b@c.d/" }, ["url"]],
    ["no recipient", "alert-channels", { name: "x", kind: "email", to: [] }, ["to"]],
    ["a head in a recipient", "alert-channels", { name: "x", kind: "email", to: ["a@b.cd\r\nBcc: e@f.gh"] }, ["to.0"]],
    ["a silence of everything", "silences", { to: "2999-01-01T00:00:00Z", reason: "r" }, ["selector"]],
    [
      "a silence that ends before it begins",
      "silences",
      { selector: { all: true }, from: "2999-01-02T00:00:00Z", to: "2999-01-01T00:00:00Z", reason: "r" },
      ["to"],
    ],
    ["a silence of the past", "silences", { selector: { all: true }, to: "2001-01-01T00:00:00Z", reason: "r" }, ["to"]],
    ["a silence of no rule", "silences", { ruleId: randomUUID(), to: "2999-01-01T00:00:00Z", reason: "" }, ["reason"]],
    [
      "a silence of a rule that is not there",
      "silences",
      { ruleId: randomUUID(), to: "2999-01-01T00:00:00Z", reason: "r" },
      ["ruleId"],
    ],
  ])("%s", async (_what, path, body, paths) => {
    const answer = await fleet.app.request("POST", path, body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { path: string }) => error.path).sort()).toEqual([...paths].sort());
    const { items } = await fleet.app.ok("GET", path);
    expect(items).toHaveLength(path === "alert-channels" ? 1 : 0);
  });

  it("a name that is taken", async () => {
    await fleet.rule({ name: "taken" });
    const answers = [
      await fleet.app.request("POST", "alert-rules", { ...good, name: "taken" }),
      await fleet.app.request("POST", "alert-channels", WEBHOOK),
    ];
    for (const { status, body } of answers)
      expect([status, body.errors]).toMatchObject([409, [{ path: "name", rule: "unique" }]]);
  });

  it("questions that make no sense", async () => {
    for (const query of [
      "alerts?state=loud",
      "alerts?ruleId=x",
      "alerts?cursor=x",
      "notifications?state=open",
      "silences?x=1",
    ])
      expect([query, (await fleet.app.request("GET", query)).status]).toEqual([query, 422]);
    const note = await fleet.app.request("POST", `alerts/${randomUUID()}/acknowledge`, { note: "" });
    expect(note.body.errors).toMatchObject([{ path: "note" }]);
  });
});
