import { eventually } from "@mn316-fleet/testkit";
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
  it("masks a password in what is received, wherever the chunks are cut", () => {
    const line = 'AT+MQTTCFG="h",1,"c",60,"u","secret",1,0\r\nOK "secre\r\n';
    for (let at = 0; at <= line.length; at++) {
      const mask = new SecretMask();
      mask.command('AT+MQTTCFG="h",1,"c",60,"u","secret",1,0');
      const parts = [line.slice(0, at), line.slice(at)].map((part) => mask.received(Buffer.from(part)));
      expect(Buffer.concat([...parts, mask.rest()]).toString()).toBe(line.replace('"secret"', '"***"'));
    }
  });
});
