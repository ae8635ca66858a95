import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FleetClient, pages, ProblemResponseError, UnreachableError } from "./index";

const COUNTS = {
  devices: 3,
  online: 1,
  states: Object.fromEntries(KNOWN_MODULE_STATES.map((state) => [state, 0])),
};
const JOB_BODY = { kind: "probe" as const, targets: { selector: { all: true as const } } };

/** Answers in turn, each with a status, headers and a body; `break` cuts the connection off. */
type Answer = { status: number; headers?: Record<string, string>; body?: unknown } | "break" | "break within";

describe("the client of the REST API", () => {
  let server: Server;
  let answers: Answer[];
  let requests: { method: string; url: string; headers: IncomingMessage["headers"] }[];
  let waitsMs: number[];
  let client: FleetClient;

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers });
      request.resume().once("end", () => answer(response));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  beforeEach(() => {
    answers = [];
    requests = [];
    waitsMs = [];
    client = new FleetClient({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      key: "mfk_secret",
      random: () => 0.5,
      pause: (ms) => {
        waitsMs.push(ms);
        return Promise.resolve();
      },
    });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  function answer(response: ServerResponse): void {
    const next = answers.shift() ?? { status: 500 };
    if (next === "break") response.destroy();
    else if (next === "break within") {
      response.writeHead(200, { "content-length": 1_000 }).write('{"devices":');
      setTimeout(() => response.destroy(), 10);
    } else response.writeHead(next.status, next.headers).end(next.body === undefined ? "" : JSON.stringify(next.body));
  }
  const problem = (status: number, headers: Record<string, string> = {}): Answer => ({
    status,
    headers,
    body: { type: "about:blank", title: "No", status, detail: "not now" },
  });

  it("asks again where the server is away, with a back-off that doubles", async () => {
    answers = ["break", problem(503), { status: 200, body: COUNTS }];
    expect(await client.fleet.counts()).toEqual(COUNTS);
    expect(waitsMs).toEqual([500, 1_000]);
    expect(requests.map(({ url }) => url)).toEqual(Array(3).fill("/api/v1/fleet/counts"));
    expect(requests[0]?.headers.authorization).toBe("Bearer mfk_secret");
  });

  it("asks again where an answer broke off within", async () => {
    answers = ["break within", { status: 200, body: COUNTS }];
    expect(await client.fleet.counts()).toEqual(COUNTS);
  });

  it("gives up after two further attempts", async () => {
    answers = ["break", "break", "break", { status: 200, body: COUNTS }];
    await expect(client.fleet.counts()).rejects.toThrow(UnreachableError);
    expect(requests).toHaveLength(3);
  });

  it("waits as long as the server says, but no longer than a minute", async () => {
    const inTenSeconds = new Date(Date.now() + 10_000).toUTCString();
    answers = [problem(503, { "retry-after": "5" }), problem(429, { "retry-after": inTenSeconds })];
    answers.push({ status: 200, body: COUNTS });
    await client.fleet.counts();
    expect(waitsMs[0]).toBe(5_000);
    expect(waitsMs[1]).toBeGreaterThan(5_000);
    expect(waitsMs[1]).toBeLessThanOrEqual(10_000);
    answers = [problem(503, { "retry-after": "3600" })];
    await expect(client.fleet.counts()).rejects.toMatchObject({ status: 503, retryAfterMs: 3_600_000 });
  });

  it("repeats a write only where that is harmless", async () => {
    answers = ["break"];
    await expect(client.devices.create({ name: "d" })).rejects.toThrow(UnreachableError);
    answers = ["break"];
    await expect(client.config.put("1", {}, 4)).rejects.toThrow(UnreachableError);
    expect(requests).toHaveLength(2);
    expect(requests[1]?.headers["if-match"]).toBe('"4"');
    answers = ["break", "break", problem(422)];
    await expect(client.config.put("1", {})).rejects.toMatchObject({ status: 422 });
    expect(requests).toHaveLength(5);
    answers = ["break", problem(409)];
    await expect(client.jobs.create(JOB_BODY, "once")).rejects.toMatchObject({ status: 409 });
    expect(requests.slice(5).map(({ headers }) => headers["idempotency-key"])).toEqual(["once", "once"]);
    // A request that was refused for the rate was not done.
    answers = [problem(429), problem(409)];
    await expect(client.devices.create({ name: "d" })).rejects.toMatchObject({ status: 409 });
    expect(requests).toHaveLength(9);
  });

  it("ends by its signal, also while it waits", async () => {
    const end = new AbortController();
    const reason = new Error("enough");
    const waiting = new FleetClient({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      key: "k",
      pause: () => {
        end.abort(reason);
        return Promise.resolve();
      },
    });
    answers = ["break", { status: 200, body: COUNTS }];
    await expect(waiting.fleet.counts({ signal: end.signal })).rejects.toBe(reason);
    expect(requests).toHaveLength(1);
  });

  it("tells what the server refused, field by field, also where it is no problem document", async () => {
    const errors = [{ path: "name", rule: "required", message: "is missing" }];
    const body = { type: "about:blank", title: "No", status: 422, detail: "wrong", errors };
    answers = [{ status: 422, body }];
    const refusal: unknown = await client.devices.create({ name: "" }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ProblemResponseError);
    expect(refusal).toMatchObject({ message: "wrong", errors });
    answers = [{ status: 404 }];
    await expect(client.devices.get("1")).rejects.toMatchObject({ status: 404, message: "Not Found" });
  });

  it("refuses an answer that is not what its contract says", async () => {
    answers = [{ status: 200, body: { devices: "many" } }];
    await expect(client.fleet.counts()).rejects.toMatchObject({ name: "ZodError" });
  });

  it("takes no part of an address for two", async () => {
    await expect(client.devices.get("a/b?c=d")).rejects.toThrow(ProblemResponseError);
    expect(requests[0]?.url).toBe("/api/v1/devices/a%2Fb%3Fc%3Dd");
  });

  it("walks all pages of a list, each when it is needed", async () => {
    const key = (id: string) => ({ ...PROFILE, id });
    const [a, b, c] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    answers = [
      { status: 200, body: { items: [key(a), key(b)], next: "more" } },
      { status: 200, body: { items: [key(c)], next: null } },
    ];
    const seen: string[] = [];
    for await (const { id } of pages(client.profiles.list, { limit: 2 })) {
      if (seen.length === 0) expect(requests).toHaveLength(1);
      seen.push(id);
    }
    expect(seen).toEqual([a, b, c]);
    expect(requests.map(({ url }) => url)).toEqual([
      "/api/v1/profiles?limit=2",
      "/api/v1/profiles?limit=2&cursor=more",
    ]);
  });
});

const PROFILE = {
  name: "p",
  description: "",
  selector: {},
  priority: 0,
  template: {},
  version: 1,
  createdAt: "2026-01-01T00:00:00Z",
  updatedAt: "2026-01-01T00:00:00Z",
  updatedBy: "k",
};
