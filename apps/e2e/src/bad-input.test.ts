import { CLOSE, SUBPROTOCOL } from "@mn316-fleet/protocol";
import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { type Device, World } from "./harness/world";

interface Closed {
  code: number;
  frames: { type: string; message?: string }[];
}

describe("bad input", () => {
  const world = new World();
  let device: Device;

  beforeAll(async () => {
    await world.startServer();
    device = await world.addDevice();
  }, 90_000);
  afterAll(() => world.stop(), 60_000);

  function connect(token: string): WebSocket {
    return new WebSocket(`${world.url.replace("http", "ws")}/agent`, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${token}` },
    });
  }
  const closed = (socket: WebSocket) =>
    new Promise<Closed>((resolve) => {
      const frames: Closed["frames"] = [];
      socket.on("message", (data: Buffer) => frames.push(JSON.parse(data.toString())));
      socket.on("error", () => undefined);
      socket.on("close", (code) => {
        resolve({ code, frames });
      });
    });
  const hello = (resumeFrom = 1) => ({
    type: "hello",
    agent: "e2e",
    epoch: 1,
    resumeFrom,
    module: {},
    reported: { version: 0, config: null },
    clock: Date.now(),
  });
  const nextFrame = (socket: WebSocket) =>
    new Promise<{ type: string; message?: string; code?: string }>((resolve) => {
      socket.once("message", (data: Buffer) => {
        resolve(JSON.parse(data.toString()));
      });
    });

  it.each([
    ["no key", ""],
    ["a wrong key", "mfk_wrong"],
  ])("answers %s with 401 and no detail", async (_name, key) => {
    const answer = await world.api.withKey(key).get("devices");
    expect(answer.status).toBe(401);
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
    expect(JSON.stringify(answer.body)).not.toMatch(/expired|unknown|hash|prefix/i);
  });

  it("takes no device token for a key and no key for a device token", async () => {
    expect((await world.api.withKey(device.token).get("devices")).status).toBe(401);
    expect((await closed(connect(world.adminKey))).code).toBe(CLOSE.unauthorized);
  });

  it("closes an agent's socket with 4001 for a wrong token, and says nothing else", async () => {
    expect(await closed(connect("mfd_wrong"))).toEqual({ code: CLOSE.unauthorized, frames: [] });
  });

  it("answers a frame that breaks the schema by naming the field, and keeps the connection up to a bound", async () => {
    const socket = connect(device.token);
    const end = closed(socket);
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(JSON.stringify(hello()));
    expect((await nextFrame(socket)).type).toBe("welcome");
    const bad = { type: "events", epoch: 1, events: [{ seq: 1, at: Date.now(), kind: "timeout", type: 9 }] };
    socket.send(JSON.stringify(bad));
    const error = await nextFrame(socket);
    expect(error.type).toBe("error");
    expect(error.message).toContain("events.0.type");
    expect(socket.readyState).toBe(WebSocket.OPEN);

    bad.events = [{ ...bad.events[0]!, type: 5 }];
    socket.send(JSON.stringify(bad));
    expect(await nextFrame(socket)).toMatchObject({ type: "ack", epoch: 1, seq: 1 });

    for (let count = 0; count < 50; count++) socket.send("this is no JSON");
    expect((await end).code).toBe(CLOSE.protocolError);
  });

  it("answers a configuration against the manual's rules with one entry a field, and changes nothing", async () => {
    const answer = await world.api.request("PUT", `devices/${device.id}/config`, {
      mqtt: {
        host: 'broker"',
        port: 70_000,
        clientId: "a\rb",
        keepAliveS: 30,
        ackTimeoutS: 31,
        username: "x\u0000",
        encrypt: 1,
      },
      subscriptions: [{ topic: "a/#/b", qos: 3 }],
    });
    expect(answer.status).toBe(422);
    const paths = answer.body.errors.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "mqtt.host",
        "mqtt.port",
        "mqtt.clientId",
        "mqtt.ackTimeoutS",
        "mqtt.username",
        "mqtt.encrypt",
        "subscriptions.0.topic",
        "subscriptions.0.qos",
      ]),
    );
    for (const error of answer.body.errors)
      expect(error).toEqual({ path: error.path, rule: expect.any(String), message: expect.any(String) });
    expect((await world.api.get(`devices/${device.id}/config`)).body).toMatchObject({ version: 0, desired: null });
  });

  it.each([
    ["CR", "AT\rATZ"],
    ["LF", "AT\nATZ"],
    ["NUL", "AT\u0000"],
    ["a chain", "AT;+CFUN=0"],
  ])("refuses an AT command with %s", async (_name, command) => {
    const body = { kind: "at", targets: { deviceIds: [device.id] }, steps: [{ command }] };
    const answer = await world.api.request("POST", "jobs", body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ path: "steps.0.command" }));
    expect(await world.api.all("jobs")).toEqual([]);
  });

  it.each(["", "/events", "/intervals", "/config"])("answers an unknown device with 404 (%s)", async (rest) => {
    const answer = await world.api.get(`devices/${randomUUID()}${rest}`);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ status: 404, title: expect.any(String), detail: expect.any(String) });
  });

  it("names an unknown field, a broken body and an unknown path", async () => {
    const unknown = await world.api.request("POST", "devices", { name: "x", colour: "red" });
    expect(unknown.status).toBe(422);
    expect(unknown.body.errors).toContainEqual(expect.objectContaining({ path: "colour" }));
    const path = await world.api.get("nothing-here");
    expect(path.status).toBe(404);
    expect(path.headers.get("content-type")).toContain("application/problem+json");
  });
});
