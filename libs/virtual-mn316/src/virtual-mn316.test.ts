import { eventually, startTestBroker, type TestBroker } from "@mn316-fleet/testkit";
import type { Duplex } from "node:stream";
import { VirtualMn316, type VirtualMn316Options } from "./virtual-mn316";

/** The host's end of the line, byte for byte. */
class Host {
  text = "";
  private readonly line: Duplex;

  constructor(module: VirtualMn316) {
    this.line = module.stream;
    this.line.on("data", (chunk: Buffer) => (this.text += chunk.toString("latin1")));
  }

  send(command: string): void {
    this.line.write(`${command}\r`, "latin1");
  }

  /** Sends a command and gives what the module says until the final result. */
  async ask(command: string): Promise<string> {
    const start = this.text.length;
    this.send(command);
    return eventually(
      () => {
        const answer = this.text.slice(start);
        if (!/\r\n(OK|ERROR|\+CME ERROR:.*)\r\n/.test(answer)) throw new Error(`no final result yet: ${answer}`);
        return answer;
      },
      { everyMs: 1 },
    );
  }

  /** Waits until the module has said this, and gives all that it said. */
  hears(expected: string, timeoutMs = 10_000): Promise<string> {
    return eventually(
      () => {
        if (!this.text.includes(expected)) throw new Error(`not heard: ${expected} in ${JSON.stringify(this.text)}`);
        return this.text;
      },
      { everyMs: 2, timeoutMs },
    );
  }

  /** The lines heard so far, without answers' OK and empty ones. */
  get urcs(): string[] {
    return this.text.split("\r\n").filter((line) => /^\+MQTT\w+:/.test(line));
  }
}

describe("the virtual module on its serial line", () => {
  let broker: TestBroker;
  let module: VirtualMn316;
  const modules: VirtualMn316[] = [];

  beforeAll(async () => {
    broker = await startTestBroker();
  });
  afterAll(() => broker.stop());
  afterEach(() => {
    for (const each of modules.splice(0)) each.destroy();
  });

  async function host(options: VirtualMn316Options = {}): Promise<Host> {
    module = new VirtualMn316({ broker: broker.url, ...options });
    modules.push(module);
    const end = new Host(module);
    await end.ask("ATE0");
    return end;
  }

  let clients = 0;
  async function connected(options: VirtualMn316Options = {}, keepAliveS = 60, ackTimeoutS = 10): Promise<Host> {
    const end = await host(options);
    await end.ask(`AT+MQTTCFG="broker.example",1883,"virtual-${++clients}",${keepAliveS},"u","p",1,0`);
    await end.ask(`AT+MQTTTO=${ackTimeoutS}`);
    await end.ask('AT+MQTTOPEN=1,1,0,0,0,"",""');
    await end.hears("+MQTTOPEN:OK");
    end.text = "";
    return end;
  }

  it("echoes until it is told not to", async () => {
    module = new VirtualMn316();
    modules.push(module);
    const end = new Host(module);
    expect(await end.ask("AT")).toBe("AT\r\r\nOK\r\n");
    expect(await end.ask("ATE0")).toBe("ATE0\r\r\nOK\r\n");
    expect(await end.ask("AT")).toBe("\r\nOK\r\n");
    expect(module.commands).toEqual(["AT", "ATE0", "AT"]);
  });

  it("goes through the states of §2.3", async () => {
    const end = await host();
    expect(await end.ask("AT+MQTTSTAT?")).toBe("\r\n+MQTTSTAT:0\r\n\r\nOK\r\n");
    await end.ask('AT+MQTTCFG="broker.example",1883,"states",60,"","",1');
    expect(await end.ask("AT+MQTTSTAT?")).toContain("+MQTTSTAT:1");
    await end.ask('AT+MQTTOPEN=0,0,0,0,0,"",""');
    await end.hears("+MQTTOPEN:OK");
    expect(await end.ask("AT+MQTTSTAT?")).toContain("+MQTTSTAT:5");
    await end.ask("AT+MQTTDISC");
    await end.hears("\r\nOK\r\n\r\n+MQTTDISC:OK\r\n");
    expect(await end.ask("AT+MQTTSTAT?")).toContain("+MQTTSTAT:2");
    expect(await end.ask("AT+MQTTDEL")).toBe("\r\nOK\r\n");
    expect(await end.ask("AT+MQTTSTAT?")).toContain("+MQTTSTAT:0");
  });

  it("runs §3.2: connect, subscribe, publish, unsubscribe", async () => {
    const end = await connected();
    await end.ask('AT+MQTTSUB="pyr",1');
    await end.hears("\r\n+MQTTSUBACK:1,1,pyr\r\n");
    await end.ask('AT+MQTTPUB="dev/gsm/u",1,1,0,0,"abc"');
    await end.hears("\r\n+MQTTPUBACK:2,0\r\n");
    await end.ask('AT+MQTTPUB="pyr",1,0,0,3,"7E7A7A"');
    await end.hears("\r\n+MQTTPUBACK:3,0\r\n");
    await end.hears(",pyr,3,~zz\r\n");
    await end.ask('AT+MQTTPUB="pyr",2,0,0,0,"abcdef"');
    await end.hears("+MQTTPUBREC:4,0\r\n\r\n+MQTTPUBREL:4,0\r\n");
    await end.hears("\r\n+MQTTPUBCOMP:4,0\r\n");
    await end.hears(",pyr,6,abcdef\r\n");
    expect(await end.ask("AT+MQTTSUB?")).toContain("+MQTTSUB:pyr,1\r\n");
    await end.ask('AT+MQTTUNSUB="pyr"');
    await end.hears("\r\n+MQTTUNSUBACK:5,pyr\r\n");
    expect(await end.ask("AT+MQTTSUB?")).toBe("\r\nOK\r\n");
  });

  it("loses its broker as §3.4 says: three pings, three reconnects, then +MQTTDISC", async () => {
    const end = await connected({ timeScale: 100 }, 20, 5);
    await end.ask("AT+MQTTPING=1");
    await end.hears("+MQTTPINGRESP:OK");
    module.fault("network-silent");
    await end.hears("+MQTTDISC:OK");
    expect(end.urcs.filter((line) => !line.startsWith("+MQTTPINGRESP"))).toEqual([
      "+MQTTTO:5",
      "+MQTTTO:5",
      "+MQTTTO:5",
      "+MQTTREC:0",
      "+MQTTREC:1",
      "+MQTTREC:2",
      "+MQTTDISC:OK",
    ]);
    expect(await end.ask("AT+MQTTSTAT?")).toContain("+MQTTSTAT:2");
  });

  it("reconnects when the network is back in time, and says so unprompted", async () => {
    const end = await connected({ timeScale: 50 }, 10, 5);
    module.fault("network-silent");
    await end.hears("+MQTTREC:0");
    module.fault("network-silent", false);
    await end.hears("+MQTTOPEN:OK");
    expect(await end.ask("AT+MQTTSTAT?")).toContain("+MQTTSTAT:5");
  });

  it("survives a silence shorter than its heart-beat: TCP delivers what was held", async () => {
    const end = await connected();
    module.fault("network-silent");
    await end.ask('AT+MQTTPUB="held",1,0,0,0,"later"');
    module.fault("network-silent", false);
    await end.hears("+MQTTPUBACK:1,0");
    expect(end.urcs).toEqual(["+MQTTPUBACK:1,0"]);
  });

  it("sees no lost ping with a keepAlive below the ACK timeout (§2.1)", async () => {
    // Far apart, so that no stall of this process lets an acknowledgement be overdue before the next ping.
    const end = await connected({ timeScale: 20 }, 1, 10);
    module.fault("network-silent");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(end.urcs).toEqual([]);
  });

  it.each([
    ["drop-puback", 'AT+MQTTPUB="a",1,0,0,0,"x"', 2],
    ["drop-puback", 'AT+MQTTPUB="a",2,0,0,0,"x"', 2],
    ["drop-suback", 'AT+MQTTSUB="a",1', 3],
  ] as const)("reports %s as its timeout, then reconnects (§2.2)", async (fault, command, type) => {
    const end = await connected({ timeScale: 50 });
    module.fault(fault);
    await end.ask(command);
    await end.hears(`+MQTTTO:${type}`);
    await end.hears("+MQTTREC:0");
    await end.hears("+MQTTOPEN:OK");
  });

  it("reports a connect without CONNACK as +MQTTTO:1", async () => {
    const end = await host({ timeScale: 100, faults: ["drop-connack"] });
    await end.ask('AT+MQTTCFG="broker.example",1883,"no-connack",60,"","",1');
    await end.ask('AT+MQTTOPEN=0,0,0,0,0,"",""');
    await end.hears("+MQTTDISC:OK");
    expect(end.urcs).toEqual(["+MQTTTO:1", "+MQTTREC:0", "+MQTTREC:1", "+MQTTREC:2", "+MQTTDISC:OK"]);
  });

  it("fails to open on a bad password, and does not try again (§2.2)", async () => {
    const end = await host({ timeScale: 100, faults: ["bad-password"] });
    await end.ask('AT+MQTTCFG="broker.example",1883,"wrong",60,"u","wrong",1');
    await end.ask('AT+MQTTOPEN=1,1,0,0,0,"",""');
    await end.hears("+MQTTOPEN:FAIL");
    expect(await end.ask("AT+MQTTSTAT?")).toContain("+MQTTSTAT:2");
  });

  it("dials a host on this machine as it stands", async () => {
    const end = await host({ timeScale: 100 });
    await end.ask('AT+MQTTCFG="127.0.0.1",1,"nowhere",60,"","",1');
    await end.ask('AT+MQTTOPEN=0,0,0,0,0,"",""');
    await end.hears("+MQTTDISC:OK");
    expect(end.urcs[0]).toBe("+MQTTOPEN:FAIL");
  });

  it("masks the password and forgets everything at a restart", async () => {
    const end = await connected();
    expect(await end.ask("AT+MQTTCFG?")).toMatch(/\+MQTTCFG:broker\.example,1883,virtual-\d+,60,u,\*\*\*,1,0\r\n/);
    module.restart();
    await end.hears("REBOOTING");
    await end.hears("+POWERON");
    expect(await end.ask("AT+MQTTSTAT?")).toContain("+MQTTSTAT:0");
    expect(await end.ask("AT+MQTTCFG?")).toContain("ERROR");
  }, 15_000);

  it.each([
    ["AT+MQTTSTAT", "+CME ERROR:4"],
    ["AT+MQTTOPEN=0,0,0,0,0", "+CME ERROR:50"],
    ['AT+MQTTOPEN=0,0,0,0,0,"",""', "+CME ERROR:3"],
    ['AT+MQTTPUB="a",1,0,0,0,"x"', "+CME ERROR:3"],
    ['AT+MQTTPUB="a",1,0,0,2,"7E"', "+CME ERROR:50"],
    ['AT+MQTTPUB="a",1,0,0,0,"x"y"', "+CME ERROR:50"],
    ['AT+MQTTCFG="h",0,"id",60,"","",1', "+CME ERROR:50"],
    ['AT+MQTTCFG="h",1883,"id",60,"","",1,1', "+CME ERROR:50"],
    ["AT+MQTTDISC", "+CME ERROR:3"],
    ["AT+MQTTDEL", "+CME ERROR:3"],
    ["AT+NOSUCH?", "+CME ERROR:4"],
    [`AT+MQTTSUB="${"x".repeat(4_100)}",1`, "+CME ERROR:8001"],
  ])("refuses %.40s before anything is configured", async (command, error) => {
    const end = await host();
    await end.ask("AT+CMEE=1");
    expect(await end.ask(command)).toBe(`\r\n${error}\r\n`);
    await end.ask("AT+CMEE=0");
    expect(await end.ask(command)).toBe("\r\nERROR\r\n");
  });

  it("answers the basics of 27.007", async () => {
    const end = await host({ imei: "866207051234567" });
    expect(await end.ask("AT+CGSN=1")).toBe("\r\n+CGSN:866207051234567\r\n\r\nOK\r\n");
    expect(await end.ask("AT+CGMM")).toBe("\r\nMN316\r\n\r\nOK\r\n");
    expect(await end.ask("AT+CSQ")).toMatch(/\r\n\+CSQ:\d+,0\r\n/);
    expect(await end.ask("AT+CEREG?")).toMatch(/\+CEREG:0,1,"\w+","\w+",9/);
  });
});
