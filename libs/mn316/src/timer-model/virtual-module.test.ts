import { eventually, ManualClock, startTestBroker, type TestBroker } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { replay } from ".";

/** The module's line, as its host reads it. */
class Line {
  text = "";

  constructor(readonly module: VirtualMn316) {
    module.stream.on("data", (chunk: Buffer) => (this.text += chunk.toString("latin1")));
  }

  async ask(command: string, answer: string): Promise<void> {
    this.text = "";
    this.module.stream.write(`${command}\r`);
    await this.hears(answer);
  }

  hears(expected: string): Promise<void> {
    return eventually(() => {
      if (!this.text.includes(expected)) throw new Error(`"${expected}" is not in ${JSON.stringify(this.text)}`);
    });
  }

  count(line: string): number {
    return this.text.split(line).length - 1;
  }
}

/** What is written on the line is read in a turn of its own. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("the timer model beside the virtual module", () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await startTestBroker();
  });
  afterAll(() => broker.stop());

  it.each([
    { keepAliveS: 60, ackTimeoutS: 10, deadAfterS: 25, pingsBefore: 0 },
    { keepAliveS: 60, ackTimeoutS: 10, deadAfterS: 150, pingsBefore: 2 },
    { keepAliveS: 30, ackTimeoutS: 30, deadAfterS: 45, pingsBefore: 1 },
    { keepAliveS: 15, ackTimeoutS: 5, deadAfterS: 59, pingsBefore: 3 },
    { keepAliveS: 10, ackTimeoutS: 20, deadAfterS: 5, pingsBefore: 0 },
  ])("notices a dead link at the same second: %j", async ({ keepAliveS, ackTimeoutS, deadAfterS, pingsBefore }) => {
    const clock = new ManualClock();
    const module = new VirtualMn316({ broker: broker.url, clock });
    const line = new Line(module);
    try {
      await line.ask(
        `AT+MQTTCFG="broker.example",1883,"model-${keepAliveS}-${deadAfterS}",${keepAliveS},"","",1,0`,
        "OK",
      );
      await line.ask(`AT+MQTTTO=${ackTimeoutS}`, "OK");
      await line.ask("AT+MQTTPING=1", "OK");
      await line.ask('AT+MQTTOPEN=0,0,0,0,0,"",""', "+MQTTOPEN:OK");
      line.text = "";
      for (let ping = 1; ping <= pingsBefore; ping++) {
        clock.advance(keepAliveS * 1_000);
        await eventually(() => {
          if (line.count("+MQTTPINGRESP:OK") < ping) throw new Error(`ping ${ping} is not answered yet`);
        });
      }
      clock.advance((deadAfterS - pingsBefore * keepAliveS) * 1_000);
      module.fault("network-silent");
      line.text = "";
      const patienceS = 5 * Math.max(keepAliveS, ackTimeoutS);
      let noticedS: number | undefined;
      for (let second = 1; second <= patienceS && noticedS === undefined; second++) {
        clock.advance(1_000);
        await settle();
        if (line.count("+MQTTTO:5") >= 3) noticedS = deadAfterS + second;
      }
      const toMs = (deadAfterS + patienceS) * 1_000;
      const { notices } = replay(
        {
          fromMs: 0,
          toMs,
          heardMs: [],
          troubles: [{ kind: "dead", fromMs: deadAfterS * 1_000, toMs, wasOutlived: false }],
        },
        { keepAliveS, ackTimeoutS, reconnectAfterS: 4, reopenAfterS: 60, backoff: 2 },
      );
      expect(noticedS).toBe(notices[0] && notices[0].atMs / 1_000);
    } finally {
      module.destroy();
    }
  });
});
