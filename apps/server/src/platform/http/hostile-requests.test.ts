import { problemSchema } from "@mn316-fleet/contracts";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { gzipSync } from "node:zlib";
import { FleetServer } from "../../test-support/fleet-server";
import { RawConnection } from "../../test-support/raw-connection";
import { TestAgent } from "../../test-support/test-agent";

const DEVICES = "/api/v1/devices";
const MIB = 1_024 * 1_024;
const deep = (open: string, close: string, depth: number) => open.repeat(depth) + "1" + close.repeat(depth);

describe("a hostile request", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let key: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url, { logLevel: "warn" });
    key = `Authorization: Bearer ${server.adminKey}`;
  }, 60_000);
  afterEach(() => {
    expect(server.log.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)).toEqual([]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  /** All that is answered to these bytes, however many requests the server takes them for. */
  const answersTo = async (bytes: string): Promise<string> => {
    const connection = await RawConnection.open(server.url);
    connection.write(Buffer.from(bytes, "latin1"));
    await connection.ended();
    return connection.text;
  };
  const statusesOf = (answers: string) =>
    [...answers.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  const post = (headers: string[], body: string) =>
    [`POST ${DEVICES} HTTP/1.1`, "Host: a", key, "Content-Type: application/json", ...headers, "", body].join("\r\n");
  const get = (path: string, ...headers: string[]) =>
    [`GET ${path} HTTP/1.1`, "Host: a", key, "Connection: close", ...headers, "", ""].join("\r\n");
  const devices = async () => (await server.ok("POST", "fleet/count", { selector: { all: true } })).devices as number;
  /** A second request that a server which misreads the first one's end would answer, too. */
  const HIDDEN = `DELETE ${DEVICES}/0 HTTP/1.1\r\nHost: a\r\n\r\n`;

  it.each<[what: string, headers: string[], body: string]>([
    ["a length and chunks", ["Content-Length: 5", "Transfer-Encoding: chunked"], `0\r\n\r\n${HIDDEN}`],
    ["chunks and a length", ["Transfer-Encoding: chunked", "Content-Length: 5"], `0\r\n\r\n${HIDDEN}`],
    ["two lengths", ["Content-Length: 2", "Content-Length: 20"], `{}${HIDDEN}`],
    ["two lengths in one", ["Content-Length: 2, 20"], `{}${HIDDEN}`],
    ["a length with a sign", ["Content-Length: +2"], `{}${HIDDEN}`],
    ["a length below zero", ["Content-Length: -2"], `{}${HIDDEN}`],
    ["a length in hexadecimal", ["Content-Length: 0x2"], `{}${HIDDEN}`],
    ["a length beyond all numbers", [`Content-Length: ${"9".repeat(30)}`], `{}${HIDDEN}`],
    ["a space before a colon", ["Transfer-Encoding : chunked"], `0\r\n\r\n${HIDDEN}`],
    ["chunks that are not the last coding", ["Transfer-Encoding: chunked, identity"], `0\r\n\r\n${HIDDEN}`],
    ["a coding that nobody knows", ["Transfer-Encoding: xchunked"], `0\r\n\r\n${HIDDEN}`],
    ["a chunk whose length is no number", ["Transfer-Encoding: chunked"], `zz\r\n{}\r\n0\r\n\r\n${HIDDEN}`],
    ["a chunk beyond all numbers", ["Transfer-Encoding: chunked"], `${"f".repeat(20)}\r\n{}\r\n0\r\n\r\n${HIDDEN}`],
    ["a chunk that is longer than it says", ["Transfer-Encoding: chunked"], `1\r\n{}\r\n0\r\n\r\n${HIDDEN}`],
    ["a header over two lines", ["X-A: b\r\n c", "Content-Length: 2"], `{}${HIDDEN}`],
    ["a header of no name", [": b", "Content-Length: 2"], `{}${HIDDEN}`],
    ["NUL in a header", ["X-A: b\0c", "Content-Length: 2"], `{}${HIDDEN}`],
    ["a carriage return alone", ["X-A: b\rContent-Length: 40", "Content-Length: 2"], `{}${HIDDEN}`],
  ])("with %s is refused, and nothing behind it is taken for another", async (_what, headers, body) => {
    const answers = await answersTo(post(headers, body));
    expect(statusesOf(answers)).toEqual([400]);
    expect(answers).toMatch(/\r\nConnection: close\r\n/i);
  });

  it.each<[what: string, request: () => string, statuses: number[]]>([
    ["no Host", () => `GET ${DEVICES} HTTP/1.1\r\n\r\n`, [400]],
    ["two Hosts", () => get(DEVICES, "Host: b"), [400]],
    ["lines that end with LF alone", () => `GET ${DEVICES} HTTP/1.1\nHost: a\n\n`, [400]],
    ["an absolute address without a key", () => get(`http://a${DEVICES}`).replace(key, "X-A: b"), [401]],
    ["an absolute address of another host", () => get("http://169.254.169.254/latest/meta-data"), [404]],
    ["a method that nobody knows", () => `STEAL ${DEVICES} HTTP/1.1\r\nHost: a\r\n\r\n`, [400]],
    ["TRACE", () => get(DEVICES).replace("GET", "TRACE"), [405]],
    ["another version of HTTP", () => `GET ${DEVICES} HTTP/9.9\r\nHost: a\r\n\r\n`, [400]],
    ["the preface of HTTP/2", () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]],
    ["TLS on a port without", () => "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", [400]],
    ["headers beyond 16 KiB", () => get(DEVICES, `X-A: ${"a".repeat(17_000)}`), [431]],
    ["an address beyond 16 KiB", () => get(`${DEVICES}?q=${"a".repeat(17_000)}`), [431]],
    ["an expectation that nobody can meet", () => get(DEVICES, "Expect: 200-ok"), [417]],
  ])("with %s is refused", async (_what, request, statuses) => {
    expect(statusesOf(await answersTo(request()))).toEqual(statuses);
  });

  it("to be a tunnel is not answered at all", async () => {
    expect(statusesOf(await answersTo("CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: a\r\n\r\n"))).toEqual([]);
  });

  it.each([
    "//api/v1/devices",
    "/api//v1/devices",
    "/api/v1/devices/",
    "/api/v1/./devices",
    "/api/v1/jobs/../devices",
    "/api/v1/jobs/%2e%2e/devices",
    "/api/v1/jobs/..%2fdevices",
    "/api%2fv1%2fdevices",
    "/API/V1/DEVICES",
    "/api/v1/devices;x=1",
    "/api/v1/devices%00",
    "/api/v1/devices%20",
    "/api/v1/devices%0d%0aX-A:b",
    "/api/v1/devices\\",
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%5c..%5cpackage.json",
    "/assets/../../package.json",
    "/assets/..%2f..%2fpackage.json",
    "/.env",
    "/.git/config",
    "/api/docs/../../package.json",
    "/api/docs/..%2f..%2f..%2fpackage.json",
  ])("for %s finds nothing", async (path) => {
    const answers = await answersTo(get(path));
    expect([400, 403, 404, 405, 422]).toContain(statusesOf(answers)[0]);
    expect(answers).not.toMatch(/root:|workspaces/);
    expect(answers).not.toMatch(/^x-a:/im);
  });

  it("written with escapes is guarded like any other", async () => {
    const path = "/%61pi/v1/%64evices";
    expect(statusesOf(await answersTo(get(path).replace(key, "X-A: b")))).toEqual([401]);
    const answers = await answersTo(get(path));
    expect(statusesOf(answers)).toEqual([200]);
    expect(answers).toMatch(/^cache-control: no-store\r$/im);
  });

  it.each([
    ["X-HTTP-Method-Override: DELETE"],
    ["X-HTTP-Method: DELETE"],
    ["X-Method-Override: DELETE"],
    ["X-Original-URL: /api/v1/api-keys"],
    ["X-Rewrite-URL: /api/v1/api-keys"],
    ["X-Forwarded-Host: evil.example"],
    ["X-Forwarded-Prefix: /evil"],
    ["Forwarded: for=1.2.3.4;host=evil.example"],
  ])("is not changed by %s", async (header) => {
    const { id } = await server.createDevice({ name: "still here" });
    const answers = await answersTo(get(`${DEVICES}/${id}`, header));
    expect(statusesOf(answers)).toEqual([200]);
    expect(answers).toContain("still here");
    expect(answers).not.toContain("evil");
  });

  describe("with a body that grows", () => {
    it.each(["gzip", "deflate", "br", "zstd", "gzip, identity", "x-gzip"])(
      "by %s is refused unread",
      async (encoding) => {
        const bomb = gzipSync(Buffer.alloc(200 * MIB));
        const before = process.memoryUsage().arrayBuffers;
        const answer = await server.send("POST", DEVICES, {
          headers: {
            authorization: `Bearer ${server.adminKey}`,
            "content-type": "application/json",
            "content-encoding": encoding,
          },
          body: bomb,
        });
        expect(answer.status).toBe(415);
        expect(answer.headers.get("accept-encoding")).toBe("identity");
        expect(problemSchema.parse(answer.body).detail).toContain("compressed");
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
      },
    );

    it("chunk by chunk is refused at 1 MiB", async () => {
      const connection = await RawConnection.open(server.url);
      connection.write(post(["Transfer-Encoding: chunked"], ""));
      const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
      for (let count = 0; count < 20 && !connection.isEnded; count++) connection.write(chunk);
      expect(await connection.head()).toMatch(/^HTTP\/1\.1 413 /);
      await connection.ended();
    });
  });

  describe("nested a hundred thousand levels deep", () => {
    it.each([
      ["lists", DEVICES, deep("[", "]", 100_000)],
      ["objects", DEVICES, deep('{"a":', "}", 100_000)],
      ["a list in a field", DEVICES, `{"name":"a","tags":${deep("[", "]", 100_000)}}`],
      ["a selector", "/api/v1/fleet/count", `{"selector":${deep('{"all":', "}", 100_000)}}`],
      ["a job", "/api/v1/jobs", `{"kind":"probe","targets":${deep('{"selector":', "}", 50_000)}}`],
    ])("as %s is refused by field", async (_what, path, body) => {
      const before = await devices();
      const headers = { authorization: `Bearer ${server.adminKey}`, "content-type": "application/json" };
      const answer = await server.send("POST", path, { headers, body });
      expect(answer.status).toBe(422);
      expect(answer.body.errors.length).toBeGreaterThan(0);
      expect(await devices()).toBe(before);
    });

    it("as an agent's frame is refused, and the next one taken", async () => {
      const { token } = await server.createDevice();
      const agent = await TestAgent.connect(server.url, token);
      agent.send(deep("[", "]", 100_000));
      agent.send(deep('{"a":', "}", 40_000));
      agent.send(`{"type":"events","epoch":1,"events":${deep("[", "]", 100_000)}}`);
      await agent.next("error", 2);
      agent.events([{ seq: 1, at: 1, kind: "ping" }]);
      await agent.acked(1);
      await agent.leave();
    });
  });

  describe("that reaches for a prototype", () => {
    const POLLUTION = ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}'];
    it.each(
      [
        ["POST", "devices", (evil: string) => `{"name":"a","tags":["a"],"x":${evil}}`],
        ["POST", "devices", (evil: string) => evil],
        ["POST", "fleet/count", (evil: string) => `{"selector":${evil}}`],
        ["PUT", "devices/:id/config", (evil: string) => `{"mqtt":${evil}}`],
        ["PATCH", "devices/:id/config", (evil: string) => evil],
        ["PATCH", "devices/:id/config", (evil: string) => `{"mqtt":${evil}}`],
        ["POST", "profiles", (evil: string) => `{"name":"a","selector":{"all":true},"template":${evil}}`],
        ["POST", "jobs", (evil: string) => `{"kind":"probe","targets":{"selector":${evil}}}`],
        ["POST", "alert-rules", (evil: string) => `{"name":"a","kind":"device-offline","params":${evil}}`],
      ].flatMap(([method, path, body]) =>
        POLLUTION.map((evil): [string, string, string] => [
          method as string,
          path as string,
          (body as (evil: string) => string)(evil),
        ]),
      ),
    )("by %s %s with %s is refused", async (method, path, body) => {
      const { id } = await server.createDevice();
      const answer = await server.send(method, `/api/v1/${path.replace(":id", id)}`, {
        headers: { authorization: `Bearer ${server.adminKey}`, "content-type": "application/json" },
        body,
      });
      expect(answer.status).toBe(400);
      expect(problemSchema.parse(answer.body).detail).toContain("__proto__");
    });

    it.each(["__proto__", "constructor", "prototype", "toString"])("by a column %s is refused", async (column) => {
      const answer = await server.send("POST", `${DEVICES}/import`, {
        headers: { authorization: `Bearer ${server.adminKey}`, "content-type": "text/csv" },
        body: `name,${column}\na,polluted`,
      });
      expect(answer.status).toBe(422);
      expect(answer.body.errors[0].path).toBe(`lines.1.${column}`);
    });

    it.each(["__proto__[polluted]=1", "constructor[prototype][polluted]=1", "__proto__=1", "constructor=1"])(
      "by the query %s reaches none",
      async (query) => {
        expect([200, 422]).toContain((await server.request("GET", `devices?${query}`)).status);
      },
    );

    it("by an agent's frame reaches none", async () => {
      const { id, token } = await server.createDevice();
      const agent = await TestAgent.connect(server.url, token);
      const evil = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}';
      agent.send(`{"type":"events","epoch":1,${evil},"events":[{"seq":1,"at":1,"kind":"ping",${evil}}]}`);
      agent.send(`{"type":"events","epoch":1,"events":[{"seq":2,"at":1,"kind":"of later",${evil}}]}`);
      await agent.acked(2);
      const { items } = await server.ok("GET", `devices/${id}/events`);
      expect(items.map(({ polluted }: { polluted?: number }) => polluted)).toEqual([undefined, undefined]);
      await agent.leave();
    });
  });
});
