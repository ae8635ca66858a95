import { TestAuthority } from "@mn316-fleet/testkit";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readSettings } from "./settings";

describe("the certificate that an agent shows", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "mn316-agent-settings-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const file = (name: string, text: string) => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const read = (more: Record<string, string>, server = "wss://fleet.example.org") =>
    readSettings(["--server", server, "--port", "tcp://127.0.0.1:1", "--token", "mfd_x"], more);

  it("is read from its files, and anew when they are renewed", async () => {
    const authority = await TestAuthority.make();
    const [one, other] = [await authority.certify(), await authority.certify()];
    const [cert, key] = [file("cert.pem", one.cert), file("key.pem", one.key)];
    const { identity } = read({ MN316_TLS_CERT: cert, MN316_TLS_KEY: key }).network;
    expect(identity?.current).toEqual({ cert: one.cert, key: one.key });
    expect(identity?.certificate.sha256).toBe(one.sha256);
    file("cert.pem", other.cert); // half of a renewal
    expect(identity?.certificate.sha256).toBe(one.sha256);
    file("key.pem", other.key);
    expect(identity?.certificate.sha256).toBe(other.sha256);
    file("cert.pem", one.cert);
    expect(() => read({ MN316_TLS_CERT: cert, MN316_TLS_KEY: key })).toThrow(
      /^MN316_TLS_CERT: .*cannot be used: .*mismatch/,
    );
  });

  it.each([
    [{ MN316_TLS_CERT: "c" }, /^--tls-key: is missing/],
    [{ MN316_TLS_KEY: "k" }, /^--tls-cert: is missing/],
    [{ MN316_TLS_CERT: "/missing", MN316_TLS_KEY: "/missing" }, /^MN316_TLS_CERT: \/missing .* ENOENT/],
  ])("is refused with %j", (given, message) => {
    expect(() => read(given)).toThrow(message);
  });

  it("is refused where there is no TLS", () => {
    expect(() => read({ MN316_TLS_CERT: "c", MN316_TLS_KEY: "k" }, "ws://fleet")).toThrow(/must begin with wss:\/\//);
  });

  it("is not there unless it is given", () => {
    expect(read({}).network).toEqual({});
  });
});
