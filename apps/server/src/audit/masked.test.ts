import { masked, recorded } from "./masked";

describe("what the audit trail stores of a value", () => {
  it("has no field whose name ends with a word for a secret, however it is written", () => {
    const value = {
      ...{ password: "1", mqttPassword: "2", api_key: "3", "smtp-pass": "4", Token: "5", newSecret: "6", cookie: "7" },
      list: [{ deep: { PASSWORD: { even: "an object" } } }],
    };
    expect(masked(value)).toEqual({
      ...{ password: "***", mqttPassword: "***", api_key: "***", "smtp-pass": "***", Token: "***", newSecret: "***" },
      cookie: "***",
      list: [{ deep: { PASSWORD: "***" } }],
    });
  });

  it("keeps what only sounds like one, and what is absent", () => {
    const value = { keyId: "1", tokenCount: 2, keepAliveS: 60, compass: "north", password: null };
    expect(masked(value)).toEqual(value);
  });

  it("has no secret within a text", () => {
    expect(masked("see mfk_abcdefgh-1234 and mfd_0123456789")).toBe("see mfk_*** and mfd_***");
    expect(masked("https://ops:geheim@hooks.example/x?a=b@c")).toBe("https://***@hooks.example/x?a=b@c");
    expect(masked('AT+MQTTCFG="h",1883,"c",60,"u","geheim",1')).toBe("AT+MQTTCFG=***");
    expect(masked("at+cpin=1234")).toBe("at+cpin=***");
    expect(masked("AT+MQTTCFG?")).toBe("AT+MQTTCFG?");
  });

  it("is found in a time that grows with the text alone", () => {
    const texts = ["a.".repeat(200_000), "mfa_".repeat(100_000), "x://".repeat(100_000), "AT+CPIN=\n".repeat(50_000)];
    for (const text of texts) expect(masked(text)).toEqual(expect.any(String));
  });

  it("is of bounded size and depth, and says what it left out", () => {
    const cut = JSON.parse(recorded({ text: "ä".repeat(100_000) })!);
    expect(cut).toMatchObject({ cut: true, sizeBytes: 200_011 });
    let deep: unknown = "bottom";
    for (let level = 0; level < 1_000; level++) deep = [deep];
    expect(recorded(deep)!.length).toBeLessThan(100);
    expect(recorded(undefined)).toBeNull();
  });
});
