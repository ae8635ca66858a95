import { AGENT_PATH } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import type { Socket } from "node:net";
import { AgentGateway } from "../../gateway/agent.gateway";
import { FleetServer } from "../../test-support/fleet-server";
import { RawConnection } from "../../test-support/raw-connection";
import { frame, OPCODE, RawWebSocket } from "../../test-support/raw-web-socket";
import { PATIENCE } from "./slow-peers";

const SHORT_MS = 400;
/** How long a late request may go unnoticed, and a machine with other work to do. */
const NOTICED_MS = PATIENCE.lookEveryMs + 8_000;
const DRIP_MS = 50;

describe("a peer that takes its time", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let connection: RawConnection;
  let drip: NodeJS.Timeout | undefined;
  /** Ports of the connections that the server holds: one that reads nothing does not notice that it was cut. */
  const remote = new Set<string>();

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
    const http = server.app.getHttpServer();
    Object.assign(http, { headersTimeout: SHORT_MS, requestTimeout: 2 * SHORT_MS });
    http.setTimeout(SHORT_MS);
    http.on("connection", (socket: Socket) => {
      const port = String(socket.remotePort);
      remote.add(port);
      socket.once("close", () => remote.delete(port));
    });
  }, 60_000);
  beforeEach(async () => {
    connection = await RawConnection.open(server.url);
  });
  afterEach(() => {
    clearInterval(drip);
    connection.cut();
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const dripping = (bytes: string) => {
    drip = setInterval(() => {
      connection.write(bytes);
    }, DRIP_MS);
  };
  const isCut = () =>
    eventually(
      () => {
        expect(remote).not.toContain(`${connection.socket.localPort}`);
      },
      { timeoutMs: NOTICED_MS, everyMs: 200 },
    );
  const auth = () => `Host: a\r\nAuthorization: Bearer ${server.adminKey}\r\n`;

  it("over its headers is told so and cut, however steadily they drip", async () => {
    connection.write(`GET /api/v1/devices HTTP/1.1\r\n`);
    dripping("X-A: b\r\n");
    await connection.ended(NOTICED_MS);
    expect(connection.text).toMatch(/^HTTP\/1\.1 408 [\s\S]*"status":408/);
  });

  it("over its body is told so and cut", async () => {
    connection.write(
      `POST /api/v1/devices HTTP/1.1\r\n${auth()}Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n{`,
    );
    dripping(" ");
    await connection.ended(NOTICED_MS);
    expect(connection.text).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("over saying anything at all is cut", async () => {
    await connection.ended(NOTICED_MS);
    expect(connection.text).not.toMatch(/^HTTP\/1\.1 [123]/);
  });

  it("between two requests is cut", async () => {
    const http = server.app.getHttpServer();
    const { keepAliveTimeout } = http;
    http.keepAliveTimeout = SHORT_MS;
    connection.write(`GET /health/live HTTP/1.1\r\n${auth()}\r\n`);
    expect(await connection.head()).toMatch(/^HTTP\/1\.1 200 /);
    await connection.ended(NOTICED_MS);
    http.keepAliveTimeout = keepAliveTimeout;
  });

  it("over reading an answer is cut", async () => {
    // Answers to many requests on one connection, none of which is read: the kernel's buffers fill, then the server's.
    connection.socket.pause();
    const request = `GET /api/openapi.json HTTP/1.1\r\n${auth()}\r\n`;
    connection.write(request.repeat(30));
    await isCut();
  });

  it("over half a WebSocket frame cannot answer a heart-beat, and is cut", async () => {
    const { token } = await server.createDevice();
    const socket = await RawWebSocket.open(server.url, AGENT_PATH, { Authorization: `Bearer ${token}` });
    const hello = { type: "hello", agent: "a", epoch: 1, resumeFrom: 1, module: {}, clock: 1 };
    const payload = JSON.stringify({ ...hello, reported: { version: 0, config: null } });
    socket.send({ opcode: OPCODE.text, payload });
    await socket.hears(OPCODE.text);
    connection = socket.connection;
    connection.write(frame({ opcode: OPCODE.text, payload: "x".repeat(60_000) }).subarray(0, 100));
    dripping("x");
    const gateway = server.app.get(AgentGateway, { strict: false });
    const hourMs = 3_600_000;
    for (let beat = 1; beat <= 3; beat++) gateway.beat(Date.now() + beat * hourMs);
    await connection.ended();
  });
});
