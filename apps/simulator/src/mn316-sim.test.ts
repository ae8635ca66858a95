import { Mn316, openTransport } from "@mn316-fleet/mn316";
import { eventually } from "@mn316-fleet/testkit";
import { mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Program } from "../../../tools/lib/processes.mjs";
import { ROOT } from "../../../tools/lib/workspace.mjs";

const PROGRAM = path.join(ROOT, "apps/simulator/dist/mn316-sim.js");
const itWithPty = process.platform === "win32" ? it.skip : it;

describe("mn316-sim, the program", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "mn316-sim-"));
  const programs: Program[] = [];
  const drivers: Mn316[] = [];
  let broker: string;

  const run = (...args: string[]) => {
    const program = new Program("mn316-sim", [PROGRAM, ...args, "--exit-with-stdin"]);
    programs.push(program);
    return program;
  };
  const drive = async (address: string) => {
    const driver = new Mn316(await eventually(() => openTransport(address))); // the host before may still be letting go
    drivers.push(driver);
    await driver.start();
    return driver;
  };
  const settings = () => {
    const { hostname: host, port } = new URL(broker);
    const limits = { keepAliveS: 60, ackTimeoutS: 10, cleanSession: true, pingEcho: false };
    return { host, port: Number(port), clientId: "sim-test", ...limits };
  };

  beforeAll(async () => {
    broker = await run("broker").firstLine();
  });
  afterEach(() => {
    for (const driver of drivers.splice(0)) driver.close();
  });
  afterAll(async () => {
    for (const program of programs) await program.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("serves a module on a TCP port, and the newest host has the line", async () => {
    const address = await run("--tcp", "0", "--broker", broker, "--imei", "860000000000017").firstLine();
    expect(address).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    const first = await drive(address);
    expect((await first.identify()).imei).toBe("860000000000017");
    const lost = new Promise((resolve) => first.once("closed", resolve));
    const second = await drive(address);
    await lost;
    await second.configure(settings());
    await second.connect();
    expect(second.state).toBe("connected");
  });

  itWithPty("serves a module on a pseudo-terminal that the real serial port opens, again and again", async () => {
    const link = path.join(folder, "ttyMN316");
    symlinkSync("/dev/null", link); // of a program that was killed
    const program = run("--pty", "--link", link, "--broker", broker);
    expect(await program.firstLine()).toBe(link);
    expect(readlinkSync(link)).toMatch(/^\/dev\//);
    for (let round = 0; round < 3; round++) {
      const driver = await drive(link);
      if (round === 0) {
        await driver.configure(settings());
        await driver.connect();
      }
      expect(await driver.queryState()).toBe("connected"); // the module does not notice that its host went away
      driver.close();
    }
    await program.stop();
    expect(() => readlinkSync(link)).toThrow("ENOENT");
  });

  itWithPty("leaves a file alone that stands where the link should", async () => {
    const file = path.join(folder, "a-file");
    writeFileSync(file, "mine");
    const program = run("--pty", "--link", file);
    expect(await program.exited).toBe(1);
    expect(program.lastLines.join()).toContain("is no symbolic link");
  });

  it("is steered over its standard input", async () => {
    const program = run("--tcp", "0", "--broker", broker);
    const driver = await drive(await program.firstLine());
    const answers = () =>
      program.lastLines.filter((line) => /^[[{]/.test(line)).map((line) => JSON.parse(line) as unknown);
    const restarted = new Promise((resolve) => driver.once("module-restart", resolve));
    program.child.stdin?.write("fault line-noise on\nstate\ncommands\nnonsense\nrestart\n");
    await eventually(() => expect(answers()).toHaveLength(2));
    expect(answers()).toEqual([{ stat: 0, faults: ["line-noise"] }, expect.arrayContaining(["ATE0"])]);
    await restarted;
    expect(program.lastLines.join()).toContain('"nonsense" is no order');
  });

  it("ends when whoever started it is gone", async () => {
    const program = run("--tcp", "0");
    await program.firstLine();
    program.child.stdin?.end();
    expect(await program.exited).toBe(0);
  });

  it("says in one line what is wrong with its arguments", async () => {
    const program = run("--tcp", "eighty");
    expect(await program.exited).toBe(2);
    expect(program.lastLines).toEqual(["mn316-sim: --tcp: expected a whole number from 0 to 65535"]);
  });
});
