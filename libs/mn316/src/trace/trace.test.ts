import { eventually } from "@mn316-fleet/testkit";
import fc from "fast-check";
import { Mn316 } from "../driver/mn316";
import { ScriptedModule } from "../test-support/scripted-module";
import { Replay } from "./replay";
import { SecretMask } from "./secret-mask";
import { parseTraceLine, type TraceEntry, TraceFormatError, traceLine } from "./trace";

const SETTINGS = {
  ...{ host: "h", port: 1883, clientId: "c", keepAliveS: 60, username: "u", password: "pa55word" },
  ...{ cleanSession: true, ackTimeoutS: 10, pingEcho: false },
};

describe("a trace", () => {
  it("of a session replays to the same states, and holds no password, not even in an echo", async () => {
    const peer = new ScriptedModule();
    peer.on(/^AT\+MQTTCFG=/, () => `${peer.commands.at(-1) ?? ""}\r\r\nOK\r\n`);
    const trace: string[] = [];
    const module = new Mn316(peer.stream, { record: (entry) => trace.push(traceLine(entry)) });
    const told: string[] = [];
    module.on("state", ({ to, cause }) => told.push(`${to} (${cause})`));
    await module.configure(SETTINGS);
    await module.connect();
    peer.say("+MQTTTO:5", "+MQTTREC:0", "+MQTTDISC:OK");
    await eventually(() => {
      expect(module.state).toBe("disconnected");
    });
    module.close();

    expect(trace.join("")).not.toContain("pa55word");
    const replay = new Replay();
    const steps = [...trace.flatMap((line, index) => replay.push(parseTraceLine(line, index + 1))), ...replay.end()];
    const states = steps.flatMap((step) => ("state" in step ? [`${step.state.to} (${step.state.cause})`] : []));
    expect([...states, "unknown (serial-lost)"]).toEqual(told);
    expect(steps).toContainEqual(
      expect.objectContaining({ dir: "sent", command: 'AT+MQTTCFG="h",1883,"c",60,"u","***",1,0' }),
    );
  });

  it.each([
    ["no JSON", "nonsense"],
    ["no entry", '{"at":1}'],
    ["neither text nor hex", '{"at":1,"dir":"sent"}'],
    ["null", "null"],
  ])("names the line that is %s", (_name, line) => {
    expect(() => parseTraceLine(line, 7)).toThrow(TraceFormatError);
    expect(() => parseTraceLine(line, 7)).toThrow("line 7");
  });

  it("keeps bytes that are no text in hexadecimal", () => {
    const entry: TraceEntry = { at: 1, dir: "received", hex: "ff00" };
    expect(parseTraceLine(traceLine(entry), 1)).toEqual(entry);
  });
});

describe("SecretMask", () => {
  const COMMAND = 'AT+MQTTCFG="h",1,"c",60,"u","secret",1,0';
  const mask = (secrets: SecretMask, ...parts: string[]) =>
    Buffer.concat([...parts.map((part) => secrets.received(Buffer.from(part, "latin1"))), secrets.rest()]).toString(
      "latin1",
    );

  it("masks a password in what is received, wherever the chunks are cut", () => {
    const line = `${COMMAND}\r\nOK "secre\r\nbare secret, +MQTTCFG?\r\n`;
    for (let at = 0; at <= line.length; at++) {
      const secrets = new SecretMask();
      secrets.command(COMMAND);
      expect(mask(secrets, line.slice(0, at), line.slice(at))).toBe(line.replaceAll("secret", "***"));
    }
  });

  it.each([
    ["bare strings", "AT+MQTTCFG=h,1,c,60,u,secret,1,0", "AT+MQTTCFG=h,1,c,60,u,***,1,0"],
    ["small letters", 'at+mqttcfg="h",1,"c",60,"u","secret",1', 'at+mqttcfg="h",1,"c",60,"u","***",1'],
    ["a comma in it", 'AT+MQTTCFG="h",1,"c",60,"u","sec,ret",1,0', 'AT+MQTTCFG="h",1,"c",60,"u","***",1,0'],
    ["a comma in a bare id", "AT+MQTTCFG=h,1,c,d,60,u,secret,1", "AT+MQTTCFG=h,1,c,d,60,***,***,1"],
    ["a flag for a password", "AT+MQTTCFG=h,1,c,60,u,1,1", "AT+MQTTCFG=h,1,c,60,u,***,1"],
    ["no end", 'AT+MQTTCFG="h",1,"c",60,"u","secr', 'AT+MQTTCFG="h",1,"c",60,"u","***"'],
    ["no password", 'AT+MQTTCFG="h",1,"c",60,"","",1', 'AT+MQTTCFG="h",1,"c",60,"","",1'],
    ["another grammar", 'AT+MQTTCFG="version",4', 'AT+MQTTCFG="version",4'],
  ])("masks a command with %s", (_name, command, expected) => {
    expect(new SecretMask().command(command)).toBe(expected);
  });

  it.each([
    ["a read-back that the module does not mask", "\r\n+MQTTCFG:h,1,c,60,u,theirs,1,0\r\n", "theirs"],
    ["the same in quotes, after a space", '\r\n+MQTTCFG: "h",1,"c",60,"u","theirs",1,0\r\n', "theirs"],
    ["an echo of somebody else's command", 'AT+MQTTCFG="h",1,"c",60,"u","theirs",1\r', "theirs"],
    ["an echo that breaks off", 'AT+MQTTCFG="h",1,"c",60,"u","thei', "thei"],
  ])("masks %s, byte by byte", (_name, line, password) => {
    expect(mask(new SecretMask(), ...Array.from(line))).toBe(line.replace(password, "***").replace(/"\*{3}$/, '"***"'));
  });

  it("leaves alone what the module masked itself", () => {
    const lines = '\r\n+MQTTCFG:h,1,c,60,u,***,1,0\r\n+MQTTCFG:"h",1,"c",60,"u","*****",1,0\r\n';
    expect(mask(new SecretMask(), lines)).toBe(lines);
  });

  it("never lets one through, whatever it is and however the line is cut", () => {
    const password = fc.stringMatching(/^[\x20-\x21\x23-\x7e]{4,20}$/);
    fc.assert(
      fc.property(password, fc.boolean(), fc.integer({ min: 1, max: 9 }), (secret, isQuoted, chunk) => {
        const written = isQuoted ? `"${secret}"` : secret;
        const command = `AT+MQTTCFG="h",1,"c",60,"u",${written},1,0`;
        const secrets = new SecretMask();
        const parts = `${command}\r\r\nOK\r\n ${secret} +MQTTCFG:h,1,c,60,u,${secret},1,0\r\n`.match(
          new RegExp(`[^]{1,${chunk}}`, "g"),
        );
        fc.pre(!secret.includes(",") || isQuoted);
        fc.pre(!'AT+MQTTCFG="h",1,"c",60,"u",***,1,0\r\r\nOK'.includes(secret));
        expect(secrets.command(command) + mask(secrets, ...(parts ?? []))).not.toContain(secret);
      }),
    );
  });
});
