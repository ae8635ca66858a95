import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { FleetServer } from "../test-support/fleet-server";
import { TestAgent } from "../test-support/test-agent";

const DEPLOY = path.resolve(import.meta.dirname, "../../../../deploy");
const RULES = path.join(DEPLOY, "prometheus/alerts.yml");
const DASHBOARD = path.join(DEPLOY, "grafana/mn316-fleet.json");

interface Rules {
  groups: { rules: { alert: string; expr: string; labels: { severity: string }; annotations: object }[] }[];
}
interface Dashboard {
  panels: { id: number; title: string; gridPos: object; targets?: { expr: string }[] }[];
  templating: { list: { query: string | { query: string } }[] };
}

const { groups } = parse(readFileSync(RULES, "utf8")) as Rules;
const dashboard = JSON.parse(readFileSync(DASHBOARD, "utf8")) as Dashboard;
const RULE_EXPRESSIONS = groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => [alert, expr] as const));
const PANEL_EXPRESSIONS = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);
const VARIABLES = dashboard.templating.list.map(({ query }) => (typeof query === "string" ? query : query.query));

/** What Prometheus itself adds to each target. */
const OF_PROMETHEUS = new Set(["up"]);

/** A metric of an expression with what it asks of its labels. */
interface Wanted {
  metric: string;
  labels: { name: string; operator: string; value: string }[];
}

function wantedBy(expression: string): Wanted[] {
  return [...expression.matchAll(/\b((?:fleet|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, metric = "", matchers = ""]) => ({
      metric,
      labels: [...matchers.matchAll(/(\w+)(=~|=)"([^"]*)"/g)].map(([, name = "", operator = "", value = ""]) => ({
        name,
        operator,
        value,
      })),
    }),
  );
}

describe("what operators watch the server with", () => {
  let database: TestDatabase;
  let server: FleetServer;
  /** The labels of every series, by the name of its metric. */
  const series = new Map<string, Record<string, string>[]>();

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
    // What is measured by projector is there once one has learned something.
    const { id, token } = await server.createDevice();
    const agent = await TestAgent.connect(server.url, token);
    const at = Date.now();
    agent.events([{ seq: 1, at, since: at, kind: "state", from: "unknown", to: "connected", cause: "unknown" }]);
    await agent.acked(1);
    await agent.vanish();
    // Before the first scrape: what it counts of the fleet is told for ten seconds.
    await eventually(async () => {
      expect((await server.ok("GET", `devices/${id}`)).link.online).toBe(false);
    });
    const { body } = await server.send("GET", "/metrics");
    for (const [, metric = "", labels = ""] of String(body).matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
      const known = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]);
      series.set(metric, [...(series.get(metric) ?? []), Object.fromEntries(known) as Record<string, string>]);
    }
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  it.each([...RULE_EXPRESSIONS, ...PANEL_EXPRESSIONS])(
    "%s asks for metrics that are there: %s",
    (_title, expression) => {
      const wanted = wantedBy(expression).filter(({ metric }) => !OF_PROMETHEUS.has(metric));
      if (!expression.includes("up{")) expect(wanted).not.toEqual([]);
      for (const { metric, labels } of wanted) {
        expect([...series.keys()]).toContain(metric);
        for (const { name, operator, value } of labels) {
          if (name === "job" || name === "instance" || name === "status") continue;
          const values = (series.get(metric) ?? []).map((known) => known[name]);
          for (const choice of operator === "=~" ? value.split("|") : [value]) expect(values).toContain(choice);
        }
      }
    },
  );

  it("groups by labels that are there", () => {
    for (const [, expression] of [...RULE_EXPRESSIONS, ...PANEL_EXPRESSIONS])
      for (const [, names = "", metric = ""] of expression.matchAll(/by \(([^)]*)\) \((?:\w+\()?(fleet_\w+)/g)) {
        const known = Object.keys(Object.assign({}, ...(series.get(metric) ?? [])) as object);
        for (const name of names.split(", ")) expect(["job", "instance", ...known]).toContain(name);
      }
  });

  it("has a dashboard whose variables and panels are whole", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const variable of VARIABLES)
      for (const { metric } of wantedBy(variable)) expect([...series.keys()]).toContain(metric);
    expect(PANEL_EXPRESSIONS.length).toBeGreaterThan(20);
  });

  it("has rules that say how bad it is and what to do", () => {
    const rules = groups.flatMap((group) => group.rules);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(["warning", "critical"]).toContain(rule.labels.severity);
      expect(rule.annotations).toEqual({ summary: expect.any(String), description: expect.any(String) });
    }
  });

  it("counts requests by their routes, and no addresses that anybody may invent", async () => {
    await server.ok("GET", "devices");
    await server.send("GET", "/api/v1/invented-address");
    await server.send("GET", "/invented-address");
    const { body } = await server.send("GET", "/metrics");
    expect(body).toMatch(/^fleet_http_requests_total\{method="GET",route="\/api\/v1\/devices",status="200"\} \d+$/m);
    expect(body).toMatch(/^fleet_http_requests_total\{method="GET",route="other",status="404"\} 2$/m);
    expect(body).not.toContain("invented-address");
  });

  it("is ready also while all connections to PostgreSQL are at work", async () => {
    const { pool } = server.database;
    const busy = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
    const answer = await server.send("GET", "/health/ready");
    for (const connection of busy) connection.release();
    expect(answer.status).toBe(200);
  });

  it("counts devices and executions of the fleet", async () => {
    const { body } = await server.send("GET", "/metrics");
    expect(body).toContain('\nfleet_devices{state="unknown"} 1\n');
    expect(body).toContain('\nfleet_executions_open{status="QUEUED"} 0\n');
    expect(body).toContain("\nfleet_link_sessions_begun_total 1\n");
    expect(body).toContain('\nfleet_link_sessions_ended_total{reason="lost"} 1\n');
    expect(body).toContain("\nfleet_events_buffered 0\n");
  });

  if (hasPromtool())
    it("has rules that Prometheus understands, and that tell what they should", () => {
      const checked = execFileSync("promtool", ["check", "rules", RULES], { encoding: "utf8" });
      expect(checked).toContain(`SUCCESS: ${RULE_EXPRESSIONS.length} rules found`);
      const cases = path.join(path.dirname(RULES), "alerts.test.yml");
      const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", cases], { encoding: "utf8" });
      expect([status, stdout + stderr]).toEqual([0, expect.stringContaining("SUCCESS")]);
    });
});

/** It comes with Prometheus, which is too large to install for this alone: the rules are checked where it is. */
function hasPromtool(): boolean {
  return spawnSync("promtool", ["--version"]).error === undefined;
}
