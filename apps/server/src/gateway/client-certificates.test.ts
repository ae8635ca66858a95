import { ClientIdentity, Tokens } from "@mn316-fleet/agent-core";
import {
  createTestDatabase,
  eventually,
  TestAuthority,
  type TestCertificate,
  type TestDatabase,
} from "@mn316-fleet/testkit";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect } from "node:tls";
import pino from "pino";
import { enrol } from "../../../../libs/agent-core/src/identity/enrol";
import { inspectServer } from "../../../../libs/agent-core/src/inspect/inspect-server";
import { renewTls } from "../platform/tls/tls-files";
import { auditOf } from "../test-support/audit-log";
import { FleetServer } from "../test-support/fleet-server";
import { TestAgent } from "../test-support/test-agent";

const ADMIN_KEY = `mfk_${"k".repeat(43)}`;
const UNAUTHORIZED = 4001;
const NO_TLS = { own: undefined, clientCa: undefined, clientCertHeader: undefined };

describe("client certificates of devices", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "mn316-tls-"));
  let database: TestDatabase;
  let authority: TestAuthority;
  let foreign: TestAuthority;
  /** Speaks TLS itself; agents connect to it. */
  let secure: FleetServer;
  /** Serves REST in clear, and is another node of the fleet. */
  let plain: FleetServer;
  let files: { cert: string; key: string; ca: string };

  beforeAll(async () => {
    [authority, foreign] = await Promise.all([TestAuthority.make(), TestAuthority.make("foreign")]);
    files = { ...write("server", await authority.certify({ name: "server" })), ca: path.join(folder, "ca.pem") };
    writeFileSync(files.ca, authority.pem);
    database = await createTestDatabase();
    plain = await FleetServer.start(database.url, { adminKey: ADMIN_KEY });
    secure = await FleetServer.start(database.url, {
      adminKey: ADMIN_KEY,
      tls: { own: { cert: files.cert, key: files.key }, clientCa: files.ca, clientCertHeader: undefined },
    });
  }, 120_000);
  afterAll(async () => {
    await secure.stop();
    await plain.stop();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  const write = (name: string, { cert, key }: TestCertificate) => {
    const at = { cert: path.join(folder, `${name}.pem`), key: path.join(folder, `${name}-key.pem`) };
    writeFileSync(at.cert, cert);
    writeFileSync(at.key, key);
    return at;
  };
  const dial = (token: string, shown?: TestCertificate) =>
    new TestAgent(secure.url, token, {
      ca: authority.pem,
      ...(shown && { cert: shown.cert, key: shown.key }),
    });
  /** Gets in, which is known once it was greeted. */
  const getsIn = async (token: string, shown?: TestCertificate) => {
    const agent = await dial(token, shown).opened();
    await agent.hello();
    return agent;
  };
  const isRefused = async (agent: TestAgent) => {
    await agent.closeCode();
    expect(agent.closed).toEqual({ code: UNAUTHORIZED, reason: "not authorised" });
    expect(agent.frames).toEqual([]);
  };
  const bind = (id: string, body: object) => plain.ok("PUT", `devices/${id}/certificate`, body);

  it("are asked of no device that is not bound to one, and make no difference there", async () => {
    const { id, token } = await plain.createDevice();
    expect(await plain.ok("GET", `devices/${id}/certificate`)).toEqual({ items: [], next: null });
    for (const shown of [undefined, await authority.certify(), await foreign.certify()])
      await (await getsIn(token, shown)).leave();
  }, 30_000);

  it("are needed beside the token by a device that is bound, in force and of the authority that is named", async () => {
    const { id, token } = await plain.createDevice();
    const own = await authority.certify();
    const bound = await bind(id, { certificate: own.cert });
    expect(bound.items).toEqual([{ sha256: own.sha256, boundAt: expect.any(String), expiresAt: null }]);
    await isRefused(dial(token));
    await isRefused(dial(token, await authority.certify()));
    await isRefused(new TestAgent(plain.url, token));
    await (await getsIn(token, own)).leave();
    const others = [
      await foreign.certify(),
      await authority.certify({ fromH: -3, untilH: -1 }),
      await authority.certify({ fromH: 1, untilH: 3 }),
    ];
    for (const other of others) {
      await bind(id, { sha256: other.sha256, overlapS: 0 });
      await isRefused(dial(token, other));
    }
    expect((await plain.request("DELETE", `devices/${id}/certificate`)).status).toBe(204);
    await (await getsIn(token)).leave();
  }, 60_000);

  it("are bound and let go on record, and what is no certificate is refused by name", async () => {
    const { id } = await plain.createDevice();
    const [one, over] = [await authority.certify(), await authority.certify({ fromH: -3, untilH: -1 })];
    const colons = one.sha256.toUpperCase().replaceAll(/(..)(?!$)/g, "$1:");
    expect((await bind(id, { sha256: colons })).items).toMatchObject([{ sha256: one.sha256 }]);
    const path = `devices/${id}/certificate`;
    for (const [body, field] of [
      [{}, "sha256"],
      [{ sha256: one.sha256, certificate: one.cert }, "sha256"],
      [{ sha256: "ab" }, "sha256"],
      [{ certificate: "-----BEGIN CERTIFICATE-----" }, "certificate"],
      [{ certificate: over.cert }, "certificate"],
      [{ sha256: one.sha256, overlapS: -1 }, "overlapS"],
    ] as const) {
      const { status, body: problem } = await plain.request("PUT", path, body);
      expect([status, problem.errors.map((error: { path: string }) => error.path)]).toEqual([422, [field]]);
    }
    const unknown = `devices/${crypto.randomUUID()}/certificate`;
    for (const method of ["GET", "DELETE"]) expect((await plain.request(method, unknown)).status).toBe(404);
    expect((await plain.request("PUT", unknown, { sha256: one.sha256 })).status).toBe(404);
    const { key } = await plain.ok("POST", "api-keys", { name: "v", role: "viewer" });
    expect((await plain.request("GET", path, undefined, key)).status).toBe(200);
    expect((await plain.request("DELETE", path, undefined, key)).status).toBe(403);
    expect((await plain.request("DELETE", path)).status).toBe(204);
    const [released, made] = await auditOf(plain, { resource: `devices/${id}`, outcome: "done" });
    expect(released).toMatchObject({ before: { certificates: [{ sha256: one.sha256 }] }, after: { certificates: [] } });
    expect(made).toMatchObject({ before: { certificates: [] }, after: { certificates: [{ sha256: one.sha256 }] } });
  }, 30_000);

  it("end the connections that do not show them within a second, on another node, too", async () => {
    const { id, token } = await plain.createDevice();
    const [own, next] = [await authority.certify(), await authority.certify()];
    const without = await getsIn(token);
    const boundAt = Date.now();
    await bind(id, { sha256: own.sha256 });
    expect(await without.closeCode()).toBe(UNAUTHORIZED);
    expect(Date.now() - boundAt).toBeLessThan(1_000);
    const agent = await getsIn(token, own);
    await bind(id, { sha256: next.sha256, overlapS: 2 });
    const items = (await plain.ok("GET", `devices/${id}/certificate`)).items;
    expect(items.map((item: { expiresAt: unknown }) => item.expiresAt)).toEqual([null, expect.any(String)]);
    expect(agent.closed).toBeUndefined(); // the former one works on
    expect(await agent.closeCode()).toBe(UNAUTHORIZED);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(items[1].expiresAt) - 100);
    await isRefused(dial(token, own));
    const newer = await getsIn(token, next);
    await bind(id, { sha256: own.sha256, overlapS: 0 });
    expect(await newer.closeCode()).toBe(UNAUTHORIZED);
  }, 30_000);

  it("end their connection when they are over, and stay with it when its token is rotated", async () => {
    const { id, token } = await plain.createDevice();
    const brief = await authority.certify({ untilH: 5 / 3_600 });
    await bind(id, { sha256: brief.sha256 });
    const agent = await getsIn(token, brief);
    const rotated = await plain.ok("POST", `devices/${id}/token`, { overlapS: 600 });
    agent.send({ type: "token-stored", sha256: createHash("sha256").update(rotated.token).digest("hex") });
    expect(await agent.closeCode()).toBe(UNAUTHORIZED);
    await isRefused(dial(rotated.token, brief));
  }, 30_000);

  it("are bound at an enrolment that shows one, and advised on by the agent's check", async () => {
    const { key } = await plain.ok("POST", "enrollment-keys", { name: "site" });
    const [own, other] = [await authority.certify(), await authority.certify()];
    const [mine, others] = [own, other].map((shown, index) => {
      const { cert, key: keyFile } = write(`agent-${index}`, shown);
      return { ca: authority.pem, identity: new ClientIdentity(cert, keyFile) };
    });
    const url = new URL(secure.url.replace("http", "ws").replace("127.0.0.1", "localhost"));
    const { deviceId, token } = await enrol(url, { key, imei: "860000000000316" }, mine!);
    expect((await plain.ok("GET", `devices/${deviceId}/certificate`)).items).toMatchObject([{ sha256: own.sha256 }]);
    const [entry] = await auditOf(plain, { action: "POST /agent/enroll", resource: `devices/${deviceId}` });
    expect(entry).toMatchObject({ request: { certificate: own.sha256 } });
    const findings = async (network: NonNullable<typeof mine> | { ca: string }) => {
      const tokens = await Tokens.open(mkdtempSync(path.join(folder, "tokens-")), token);
      const found = [];
      for await (const finding of inspectServer(url.href, tokens, network)) found.push(finding);
      return found;
    };
    expect(await findings(mine!)).toMatchObject([
      { subject: "server", verdict: "good" },
      { subject: "certificate", verdict: "doubtful", found: expect.stringContaining(own.sha256) }, // over within two weeks
      { subject: "token", verdict: "good" },
      { subject: "clock" },
    ]);
    expect(await findings(others!)).toContainEqual(
      expect.objectContaining({ subject: "token", advice: expect.stringContaining(other.sha256) }),
    );
    expect(await findings({ ca: authority.pem })).toContainEqual(
      expect.objectContaining({ subject: "token", advice: expect.stringContaining("--tls-cert and --tls-key") }),
    );
  }, 60_000);

  describe("out of a proxy's header", () => {
    const start = (trustedProxies: string[], clientCa: string | undefined) =>
      FleetServer.start(database.url, {
        adminKey: ADMIN_KEY,
        trustedProxies,
        tls: { ...NO_TLS, clientCa, clientCertHeader: "client-cert" },
      });
    const comes = (server: FleetServer, token: string, value: string) =>
      new TestAgent(server.url, token, { headers: { authorization: `Bearer ${token}`, "client-cert": value } });

    it("are believed from a trusted proxy, in the forms that proxies write", async () => {
      const behind = await start(["127.0.0.1"], files.ca);
      const { id, token } = await plain.createDevice();
      const own = await authority.certify();
      await bind(id, { sha256: own.sha256 });
      const base64 = own.der.toString("base64");
      for (const value of [`:${base64}:`, base64, encodeURIComponent(own.cert)]) {
        const agent = await comes(behind, token, value).opened();
        await agent.hello();
        await agent.leave();
      }
      const over = await authority.certify({ fromH: -3, untilH: -1 });
      const stranger = await foreign.certify();
      for (const { sha256 } of [over, stranger]) await bind(id, { sha256 });
      for (const value of ["", "::", "x", `:${base64}:, :${base64}:`, `:${over.der.toString("base64")}:`])
        await isRefused(comes(behind, token, value));
      await isRefused(comes(behind, token, `:${stranger.der.toString("base64")}:`));
      await isRefused(new TestAgent(behind.url, token));
      await behind.stop();
    }, 60_000);

    it("are not believed from anybody else", async () => {
      const open = await start(["192.0.2.1"], undefined);
      const { id, token } = await plain.createDevice();
      const own = await authority.certify();
      await bind(id, { sha256: own.sha256 });
      await isRefused(comes(open, token, `:${own.der.toString("base64")}:`));
      await open.stop();
    }, 30_000);
  });

  it("and the server's own are taken into use when they are renewed, unless they cannot be", async () => {
    const shownSha256 = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ port: Number(new URL(secure.url).port), host: "127.0.0.1", ca: authority.pem });
        socket.once("error", reject).once("secureConnect", () => {
          resolve(socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase());
          socket.destroy();
        });
      });
    const log: string[] = [];
    renewTls(secure.app, secure.settings, pino({}, { write: (line: string) => void log.push(line) }), 20);
    const before = await shownSha256();
    writeFileSync(files.cert, "-----BEGIN CERTIFICATE-----");
    await eventually(() => {
      expect(log.join()).toContain("FLEET_TLS_CERT has a wrong value");
    });
    expect(await shownSha256()).toBe(before);
    const renewed = await authority.certify({ name: "server" });
    write("server", renewed);
    await eventually(async () => {
      expect(await shownSha256()).toBe(renewed.sha256);
    });
  }, 30_000);
});
