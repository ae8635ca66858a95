import { type ConfigDocumentInput, configDocumentSchema, configWarnings, fillIn, placeholdersOf } from "./index";

const mqtt = { host: "broker.example", port: 1883, clientId: "c-{imei}" };

/** `path: rule` of everything that a document breaks. */
function broken(document: unknown): string[] {
  const result = configDocumentSchema.safeParse(document);
  return (result.error?.issues ?? []).map((issue) => {
    const rule: unknown = issue.code === "custom" ? issue.params?.rule : issue.code;
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
    return `${[...issue.path, ...keys].join(".")}: ${String(rule)}`;
  });
}

describe("the configuration document", () => {
  it("asks for host, port and client id only and fills in the manual's defaults", () => {
    expect(configDocumentSchema.parse({ mqtt })).toEqual({
      mqtt: { ...mqtt, keepAliveS: 60, cleanSession: true, ackTimeoutS: 10, pingEcho: false },
      subscriptions: [],
      recovery: { reopenAfterS: 60, backoff: 2, maxReopens: 5, thenRestart: true },
      telemetry: { signalEveryS: 60 },
      at: { allow: [], deny: [] },
    });
    expect(broken({})).toEqual(["mqtt: invalid_type"]);
    expect(broken({ mqtt, recovery: { thenReopenPort: "no" } })).toEqual(["recovery.thenReopenPort: invalid_type"]);
    expect(broken({ mqtt, recovery: { thenReopenPort: false } })).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["a quote in the host", { host: 'a"b' }, "mqtt.host: no-quotes"],
    ["a scheme in the host", { host: "mqtt://a" }, "mqtt.host: host"],
    ["an empty host", { host: "" }, "mqtt.host: required"],
    ["a host of 256 bytes", { host: "a".repeat(256) }, "mqtt.host: max-bytes"],
    ["a port out of range", { port: 70_000 }, "mqtt.port: too_big"],
    ["CR in the client id", { clientId: "a\rb" }, "mqtt.clientId: no-control-characters"],
    ["LF in the client id", { clientId: "a\nb" }, "mqtt.clientId: no-control-characters"],
    ["NUL in the user name", { username: "a\u0000" }, "mqtt.username: no-control-characters"],
    ["an umlaut in the user name", { username: "ä" }, "mqtt.username: printable-ascii"],
    ["a quote in the password", { username: "u", password: 'p"' }, "mqtt.password: no-quotes"],
    ["a password without user", { password: "p" }, "mqtt.username: required"],
    ["a client id too long once filled in", { clientId: `${"x".repeat(114)}{imei}` }, "mqtt.clientId: max-bytes"],
    ["an unknown placeholder", { clientId: "{imie}" }, "mqtt.clientId: known-placeholder"],
    ["a tag placeholder without a name", { clientId: "{tag:}" }, "mqtt.clientId: known-placeholder"],
    ["a tag placeholder that names no tag", { clientId: "{tag:my site}" }, "mqtt.clientId: known-placeholder"],
    ["a tag placeholder in capitals", { clientId: "{TAG:site}" }, "mqtt.clientId: known-placeholder"],
    [
      "a client id that no tag is short enough for",
      { clientId: `${"x".repeat(128)}{tag:a}` },
      "mqtt.clientId: max-bytes",
    ],
    ["keepAlive 0", { keepAliveS: 0, ackTimeoutS: 1 }, "mqtt.keepAliveS: too_small"],
    ["an ACK timeout over keepAlive", { keepAliveS: 9 }, "mqtt.ackTimeoutS: ack-timeout-below-keep-alive"],
    ["TLS", { encrypt: 1 }, "mqtt.encrypt: not-supported"],
    ["an unknown field", { tls: true }, "mqtt.tls: unrecognized_keys"],
    ["a wildcard in the will's topic", { will: { topic: "a/#", message: "x" } }, "mqtt.will.topic: no-wildcard"],
    ["a quote in the will's message", { will: { topic: "a", message: '"' } }, "mqtt.will.message: no-quotes"],
    ["a will without message", { will: { topic: "a" } }, "mqtt.will.message: invalid_type"],
    [
      "more CONNECT fields than the module takes",
      { clientId: "c".repeat(100), username: "u".repeat(100), password: "p".repeat(57) },
      "mqtt: max-connect-bytes",
    ],
  ])("refuses %s", (_name, change, expected) => {
    expect(broken({ mqtt: { ...mqtt, ...(change as object) } })).toEqual(
      expected === "mqtt.keepAliveS: too_small"
        ? [expected, "mqtt.ackTimeoutS: ack-timeout-below-keep-alive"]
        : [expected],
    );
  });

  it.each<[string, string | undefined]>([
    ["a/b", undefined],
    ["+", undefined],
    ["#", undefined],
    ["a/+/b/#", undefined],
    ["/", undefined],
    ["a/#/b", "topic-filter"],
    ["a#", "topic-filter"],
    ["a+/b", "topic-filter"],
    ['a"b', "no-quotes"],
    ["", "required"],
    ["a".repeat(257), "max-bytes"],
    ["ü", "printable-ascii"],
  ])("judges the topic filter %j", (topic, rule) => {
    expect(broken({ mqtt, subscriptions: [{ topic }] })).toEqual(rule ? [`subscriptions.0.topic: ${rule}`] : []);
  });

  it("reports all errors at once, those between fields too", () => {
    const errors = broken({
      mqtt: { host: 'broker"', port: 70_000, clientId: "a\rb", keepAliveS: 30, ackTimeoutS: 31, encrypt: 1 },
      subscriptions: [{ topic: "a/#/b", qos: 3 }, { topic: "t" }, { topic: "t" }],
      telemetry: { signalEveryS: 0 },
      nonsense: 1,
    });
    expect(errors.sort()).toEqual([
      "mqtt.ackTimeoutS: ack-timeout-below-keep-alive",
      "mqtt.clientId: no-control-characters",
      "mqtt.encrypt: not-supported",
      "mqtt.host: no-quotes",
      "mqtt.port: too_big",
      "nonsense: unrecognized_keys",
      "subscriptions.0.qos: too_big",
      "subscriptions.0.topic: topic-filter",
      "subscriptions.2.topic: unique",
      "telemetry.signalEveryS: too_small",
    ]);
  });

  it.each([null, 1, "x", [], { mqtt: null }, { mqtt: { will: 3 }, subscriptions: 3 }, { mqtt, subscriptions: [null] }])(
    "survives %j",
    (document) => {
      expect(broken(document).length).toBeGreaterThan(0);
    },
  );

  it("accepts an ACK timeout equal to keepAlive with a warning, as §3.1's sample has it", () => {
    const document: ConfigDocumentInput = { mqtt: { ...mqtt, keepAliveS: 10, ackTimeoutS: 10 } };
    expect(broken(document)).toEqual([]);
    expect(configWarnings(configDocumentSchema.parse(document))).toMatchObject([{ path: "mqtt.ackTimeoutS" }]);
    expect(configWarnings(configDocumentSchema.parse({ mqtt }))).toEqual([]);
  });

  it("lets null remove a password", () => {
    expect(configDocumentSchema.parse({ mqtt: { ...mqtt, password: null } }).mqtt.password).toBeNull();
  });
});

describe("placeholders", () => {
  it("are found and filled in", () => {
    expect(placeholdersOf("a/{imei}/{device}/{x}/{tag:site}")).toEqual(["imei", "device", "tag:site"]);
    expect(placeholdersOf("a/{tag:}/{tag:a:b}/{tag: a}")).toEqual(["tag:a:b"]);
    const values = { imei: "1", device: "2", tags: { site: "berlin" } };
    expect(fillIn("{imei}-{device}-{imei}-{x}-{tag:site}", values)).toBe("1-2-1-{x}-berlin");
  });

  it("stay where no value is given", () => {
    const text = "{imei}-{device}-{tag:site}-{tag:constructor}";
    expect(fillIn(text, { device: "2" })).toBe("{imei}-2-{tag:site}-{tag:constructor}");
    expect(fillIn(text, { tags: { site: "s" } })).toBe("{imei}-{device}-s-{tag:constructor}");
  });
});
