import { TestAuthority } from "@mn316-fleet/testkit";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readTls } from "../tls/tls-files";
import { readSettings } from "./read-settings";
import { SettingsError } from "./settings-error";

describe("the settings of TLS", () => {
  it("are absent unless given", () => {
    expect(readSettings({}).tls).toEqual({ own: undefined, clientCa: undefined, clientCertHeader: undefined });
  });

  it("are files, and a header's name in any case", () => {
    const given = {
      FLEET_TLS_CERT: "/tls/cert.pem",
      FLEET_TLS_KEY: "/tls/key.pem",
      FLEET_TLS_CLIENT_CA: "/tls/ca.pem",
      FLEET_CLIENT_CERT_HEADER: "X-SSL-Cert",
      FLEET_TRUSTED_PROXIES: "127.0.0.1",
    };
    expect(readSettings(given).tls).toEqual({
      own: { cert: "/tls/cert.pem", key: "/tls/key.pem" },
      clientCa: "/tls/ca.pem",
      clientCertHeader: "x-ssl-cert",
    });
  });

  it.each([
    [{ FLEET_TLS_CERT: "c" }, "FLEET_TLS_CERT means nothing without FLEET_TLS_KEY"],
    [{ FLEET_TLS_KEY: "k" }, "FLEET_TLS_KEY means nothing without FLEET_TLS_CERT"],
    [
      { FLEET_CLIENT_CERT_HEADER: "Client-Cert" },
      "FLEET_CLIENT_CERT_HEADER means nothing without FLEET_TRUSTED_PROXIES",
    ],
    [
      { FLEET_TLS_CLIENT_CA: "c" },
      "FLEET_TLS_CLIENT_CA means nothing without FLEET_TLS_CERT or FLEET_CLIENT_CERT_HEADER",
    ],
    [
      { FLEET_CLIENT_CERT_HEADER: "a b", FLEET_TRUSTED_PROXIES: "127.0.0.1" },
      "FLEET_CLIENT_CERT_HEADER has a wrong value: expected a header's name such as Client-Cert",
    ],
  ])("refuse %j", (given, message) => {
    expect(() => readSettings(given)).toThrow(SettingsError);
    expect(() => readSettings(given)).toThrow(message);
  });

  it("name the variable whose file cannot be used", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "mn316-tls-"));
    const authority = await TestAuthority.make();
    const [one, other] = [await authority.certify(), await authority.certify()];
    const file = (name: string, text: string) => {
      writeFileSync(path.join(folder, name), text);
      return path.join(folder, name);
    };
    const [cert, key, ca] = [file("cert", one.cert), file("key", one.key), file("ca", authority.pem)];
    const [otherKey, missing] = [file("other", other.key), path.join(folder, "missing")];
    const read = (own: { cert: string; key: string }, clientCa?: string) =>
      readTls({ own, clientCa, clientCertHeader: undefined });
    expect(read({ cert, key }, ca)).toEqual({ cert: one.cert, key: one.key, ca: authority.pem });
    expect(() => read({ cert: missing, key })).toThrow(
      /^FLEET_TLS_CERT has a wrong value: .*missing cannot be used: ENOENT/,
    );
    expect(() => read({ cert: key, key })).toThrow(/^FLEET_TLS_CERT has a wrong value/);
    expect(() => read({ cert, key: otherKey })).toThrow(/^FLEET_TLS_KEY has a wrong value: .*key values mismatch/);
    expect(() => read({ cert, key: missing })).toThrow(/^FLEET_TLS_KEY has a wrong value/);
    expect(() => read({ cert, key }, key)).toThrow(
      /^FLEET_TLS_CLIENT_CA has a wrong value: .*no certificate in PEM form/,
    );
    rmSync(folder, { recursive: true });
  });
});
