import { systemClock } from "@mn316-fleet/at";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { WebSocketServer } from "ws";
import { Connection } from "./connection";
import { httpExchange, type Network } from "./network";

const hasOpenssl = spawnSync("openssl", ["version"]).error === undefined;
if (!hasOpenssl) {
  process.stderr.write("skipped: no openssl on this machine to make a certificate with\n");
  if (process.env.CI === "true") throw new Error("in CI nothing may be skipped");
}
const VARIABLES = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "ALL_PROXY"];

(hasOpenssl ? describe : describe.skip)("the way to the server", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "network-"));
  const before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
  const servers: Server[] = [];
  let ca: string;
  let host: string;
  let tunnels: string[];

  beforeAll(async () => {
    const [key, cert] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=own authority", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const made = spawnSync("openssl", [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert],
      ...subject,
    ]);
    expect(made.status).toBe(0);
    ca = readFileSync(cert, "utf8");
    const server = createTlsServer({ key: readFileSync(key), cert: ca }, (_request, response) => response.end("{}"));
    new WebSocketServer({ server, path: "/agent", handleProtocols: ([first]) => first ?? false });
    host = `localhost:${await listen(server)}`;
  });
  beforeEach(() => {
    tunnels = [];
    for (const name of VARIABLES) delete process.env[name]; // eslint-disable-line @typescript-eslint/no-dynamic-delete
  });
  afterAll(() => {
    for (const name of VARIABLES) if (before[name] !== undefined) process.env[name] = before[name];
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const listen = async (server: Server) => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  };
  /** A proxy that carries connections on, and notes where to. */
  const proxy = async () => {
    const server = createServer();
    server.on("connect", (request, socket) => {
      tunnels.push(request.url ?? "");
      const onward = connect(Number(request.url?.split(":")[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        onward.pipe(socket).pipe(onward);
      });
      for (const end of [onward, socket]) end.on("error", () => undefined);
    });
    return `http://127.0.0.1:${await listen(server)}`;
  };
  const open = (network: Network) => {
    const url = new URL(`wss://${host}/agent`);
    const connection = new Connection(url, "token", network, systemClock, pino({ level: "silent" }));
    return new Promise<string>((resolve) => {
      connection.once("open", () => {
        resolve("open");
        connection.terminate("seen");
      });
      connection.once("end", ({ reason }) => {
        resolve(reason);
      });
    });
  };

  it("trusts an authority of its own where it is told to, and only there", async () => {
    expect(await open({ ca })).toBe("open");
    expect(await open({})).toMatch(/self.signed/);
    expect((await httpExchange(new URL(`https://${host}/`), { ca }, 5_000)).status).toBe(200);
    await expect(httpExchange(new URL(`https://${host}/`), {}, 5_000)).rejects.toThrow(/self.signed/);
  });

  it("goes through the proxy of HTTPS_PROXY, with its socket and its requests", async () => {
    process.env.HTTPS_PROXY = await proxy();
    expect(await open({ ca })).toBe("open");
    expect((await httpExchange(new URL(`https://${host}/`), { ca }, 5_000, { some: "body" })).status).toBe(200);
    expect(tunnels).toEqual([host, host]);
  });

  it("goes straight to what NO_PROXY names", async () => {
    process.env.HTTPS_PROXY = "http://127.0.0.1:1";
    process.env.NO_PROXY = "localhost,10.0.0.0";
    expect(await open({ ca })).toBe("open");
    process.env.NO_PROXY = "";
    expect(await open({ ca })).toMatch(/ECONNREFUSED/);
  });
});
