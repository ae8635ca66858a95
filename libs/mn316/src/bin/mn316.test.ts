import { VirtualMn316, type VirtualMn316Options } from "@mn316-fleet/virtual-mn316";
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import path from "node:path";

const HERE = import.meta.dirname;
/** Inside the repository, so that the program finds its packages. */
const SCRATCH = path.join(HERE, "../../../../coverage");

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

describe("mn316", () => {
  let folder: string;
  let program: string;
  let module: VirtualMn316 | undefined;
  let server: Server | undefined;

  beforeAll(async () => {
    mkdirSync(SCRATCH, { recursive: true });
    folder = mkdtempSync(path.join(SCRATCH, "mn316-"));
    program = path.join(folder, "mn316.mjs");
    await build({
      ...{ entryPoints: [path.join(HERE, "mn316.ts")], outfile: program, bundle: true },
      ...{ platform: "node", format: "esm", external: ["serialport"], logLevel: "error" },
    });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    module?.destroy();
    server?.close();
  });

  function run(args: string[], input: string | Uint8Array = ""): Promise<Ended> {
    const child = spawn(process.execPath, [program, ...args]);
    const ended: Ended = { code: null, out: "", err: "" };
    child.stdout.on("data", (bytes: Buffer) => (ended.out += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (ended.err += bytes.toString()));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    return new Promise((resolve) =>
      child.once("close", (code) => {
        resolve({ ...ended, code });
      }),
    );
  }

  /** A module behind a serial server. */
  async function serve(options: VirtualMn316Options = {}): Promise<string> {
    const served = new VirtualMn316(options);
    module = served;
    server = createServer((socket) => {
      served.attach(socket);
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** One line of the module, and the very line that is printed for it. */
  const PRINTED: [string, string][] = [
    [
      "+MQTTPUBLISH:0,1,0,12,a/b,3,abc",
      '{"unit":"urc","name":"MQTTPUBLISH","dup":0,"qos":1,"retained":0,"packId":12,"topic":"a/b","msgLen":3,"text":"abc"}',
    ],
    [
      "+MQTTPUBLISH:0,1,0,12,a/b,1,\xff",
      '{"unit":"urc","name":"MQTTPUBLISH","dup":0,"qos":1,"retained":0,"packId":12,"topic":"a/b","msgLen":1,"hex":"ff"}',
    ],
    ["+MQTTSUBACK:1,1,a/b", '{"unit":"urc","name":"MQTTSUBACK","packId":1,"code":1,"topic":"a/b"}'],
    ["+MQTTUNSUBACK:8,a/b", '{"unit":"urc","name":"MQTTUNSUBACK","packId":8,"topic":"a/b"}'],
    ["+MQTTPUBACK:2,0", '{"unit":"urc","name":"MQTTPUBACK","packId":2,"dup":0}'],
    ["+MQTTPUBREC:2,0", '{"unit":"urc","name":"MQTTPUBREC","packId":2,"dup":0}'],
    ["+MQTTPUBREL:2,0", '{"unit":"urc","name":"MQTTPUBREL","packId":2,"dup":0}'],
    ["+MQTTPUBCOMP: 2,0", '{"unit":"urc","name":"MQTTPUBCOMP","packId":2,"dup":0}'],
    ["+MQTTTO: 5", '{"unit":"urc","name":"MQTTTO","type":5}'],
    ["+MQTTREC:0", '{"unit":"urc","name":"MQTTREC","attempt":0}'],
    ["+MQTTOPEN:FAIL", '{"unit":"urc","name":"MQTTOPEN","result":"FAIL"}'],
    ["+MQTTDISC: OK", '{"unit":"urc","name":"MQTTDISC","result":"OK"}'],
    ["+MQTTPINGRSP:OK", '{"unit":"urc","name":"MQTTPINGRESP","result":"OK"}'],
    ["+MQTTPINGRESP:OK", '{"unit":"urc","name":"MQTTPINGRESP","result":"OK"}'],
    ["+MQTTSTAT:5", '{"unit":"response","name":"MQTTSTAT","stat":5}'],
    [
      "+MQTTCFG:h,6002,c,60,u,***,1,0",
      '{"unit":"response","name":"MQTTCFG","host":"h","port":6002,"id":"c","keepAlive":60,"user":"u","clean":1,"encrypt":0}',
    ],
    ["+MQTTSUB: a/b,2", '{"unit":"response","name":"MQTTSUB","topic":"a/b","qos":2}'],
    ["+CSQ: 17,99", '{"unit":"response","name":"CSQ","rssi":17,"ber":99}'],
    ["OK", '{"unit":"final","code":"OK"}'],
    ["ERROR", '{"unit":"final","code":"ERROR"}'],
    ["+CME ERROR: 3", '{"unit":"final","code":"CME ERROR","err":3}'],
    ["+CME ERROR: SIM busy", '{"unit":"final","code":"CME ERROR","err":"SIM busy"}'],
    ["AT+MQTTSTAT?", '{"unit":"echo","command":"AT+MQTTSTAT?"}'],
    ["^SIMST:1", '{"unit":"unknown","line":"^SIMST:1"}'],
  ];

  it("decode prints each unit with the fields in their order, from standard input and from a file", async () => {
    const bytes = Buffer.from(PRINTED.map(([line]) => `\r\n${line}\r\n`).join(""), "latin1");
    const expected = PRINTED.map(([, printed]) => `${printed}\n`).join("");
    const file = path.join(folder, "capture.bin");
    writeFileSync(file, bytes);
    expect(await run(["decode"], bytes)).toEqual({ code: 0, out: expected, err: "" });
    expect(await run(["decode", file])).toEqual({ code: 0, out: expected, err: "" });
  });

  it("decode survives any bytes, one JSON object a line", async () => {
    const bytes = Buffer.from(
      Array.from({ length: 200_000 }, (_, index) => (index * index * 31 + (index >> 3)) & 0xff),
    );
    const { code, out, err } = await run(["decode"], Buffer.concat([bytes, Buffer.from("\r\n+MQTTTO:5\r\n")]));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const units = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { unit: string });
    expect(units.at(-1)).toEqual({ unit: "urc", name: "MQTTTO", type: 5 });
  });

  it("exec prints the answer, and fails where it is no OK", async () => {
    const port = await serve();
    expect(await run(["exec", "--port", port, "AT+MQTTSTAT?"])).toEqual({ code: 0, out: "+MQTTSTAT:0\nOK\n", err: "" });
    const refused = await run(["exec", "--port", port, "AT+MQTTDISC"]);
    expect(refused).toMatchObject({ code: 1, out: expect.stringMatching(/ERROR/) });
  });

  it("probe says what the module is, what it supports and where it departs from the manual", async () => {
    const port = await serve({ dialects: ["space-after-colon", "null-config"], imei: "866207051234567" });
    const { code, out } = await run(["probe", "--port", port, "--json"]);
    expect(code).toBe(0);
    const report = JSON.parse(out) as { commands: { name: string; support: string }[] };
    expect(report).toMatchObject({
      identity: { model: "MN316", imei: "866207051234567" },
      state: "uninitialized",
      departures: expect.arrayContaining(["space-after-colon", "null-config"]),
    });
    expect(report.commands.filter(({ support }) => support !== "yes")).toEqual([]);
    expect((await run(["probe", "--port", port])).out).toContain("departs from the manual in: space-after-colon");
  });

  it("probe names a module that speaks another grammar", async () => {
    const { code, out } = await run(["probe", "--port", await serve({ dialects: ["sister-grammar"] })]);
    expect(code).toBe(1);
    expect(out).toContain('this is no MN316: it speaks AT+MQTTCFG="<name>"');
  });

  it("records what passes without its password, and replays it", async () => {
    const port = await serve();
    const trace = path.join(folder, "line.trace");
    const command = 'AT+MQTTCFG="h",1883,"c",60,"u","s3cret",1,0';
    expect(await run(["exec", "--port", port, "--record", trace, command])).toMatchObject({ code: 0, out: "OK\n" });
    expect(readFileSync(trace, "utf8")).not.toContain("s3cret");
    const { code, out } = await run(["replay", trace]);
    expect(code).toBe(0);
    const steps = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(steps).toContainEqual(expect.objectContaining({ dir: "sent", command: command.replace("s3cret", "***") }));
    expect(steps).toContainEqual(
      expect.objectContaining({ state: { from: "unknown", to: "initialized", cause: "requested" } }),
    );
  });

  it.each([
    [["decode", "a", "b"], 2, "one argument too many"],
    [["exec", "AT"], 2, "--port is missing"],
    [["exec", "--port", "tcp://127.0.0.1:1", "--baud", "x", "AT"], 2, "--baud must be a number"],
    [["nonsense"], 2, "is no command"],
    [["--nonsense"], 2, "nonsense"],
    [[], 2, "say what to do"],
    [["exec", "--port", "tcp://127.0.0.1:1", "AT"], 1, "cannot open tcp://127.0.0.1:1"],
    [["decode", "/no/such/file"], 1, "no such file"],
    [["replay", "package.json"], 1, "line 1 of the trace"],
  ])("says what is wrong with %j in one line", async (args, code, message) => {
    const ended = await run(args);
    expect(ended).toMatchObject({ code, out: "" });
    expect(ended.err.split("\n")[0]).toContain(message);
  });

  it("explains itself", async () => {
    expect(await run(["--help"])).toMatchObject({ code: 0, out: expect.stringContaining("mn316 decode") });
  });
});
