import { readArguments, UsageError } from "./arguments";

describe("the command line of mn316-sim", () => {
  it.each<[string[], string]>([
    [["--pty", "--tcp", "4000"], "--pty"],
    [[], "--pty"],
    [["--tcp", "70000"], "--tcp"],
    [["--tcp", "4000", "--link", "/tmp/x"], "--link"],
    [["--pty", "--imei", "86"], "--imei"],
    [["--pty", "--broker", "http://x"], "--broker"],
    [["--pty", "--broker", "mqtt://x/path"], "--broker"],
    [["--pty", "--fault", "fire"], "--fault"],
    [["--pty", "--fault"], "--fault"],
    [["--pty", "--dialect", "klingon"], "--dialect"],
    [["--pty", "--time-scale", "0"], "--time-scale"],
    [["--pty", "--time-scale", "fast"], "--time-scale"],
    [["--pty", "--seed", "-1"], "--seed"],
    [["--pty", "--colour"], "--colour"],
    [["fleet", "--devices", "0", "--server", "ws://x"], "--devices"],
    [["fleet", "--devices", "3"], "--server"],
    [["fleet", "--devices", "3", "--server", "ftp://x"], "--server"],
    [["fleet", "--devices", "3", "--server", "ws://x", "--log-level", "loud"], "--log-level"],
    [["fleet", "--devices", "3", "--server", "ws://x", "--outages", "-1"], "--outages"],
    [["broker", "--port", "x"], "--port"],
    [["dance"], '"dance"'],
    [["broker", "twice"], '"twice"'],
  ])("refuses %j and names %s", (args, option) => {
    expect(() => readArguments(args)).toThrow(UsageError);
    expect(() => readArguments(args)).toThrow(option);
  });

  it("lists what can go wrong where a fault is not known", () => {
    expect(() => readArguments(["--pty", "--fault", "fire"])).toThrow(/network-silent +the network is silent/);
  });

  it("reads a module's settings", () => {
    const args = [
      "--tcp",
      "0",
      "--broker",
      "mqtt://b:1",
      "--fault",
      "busy",
      "--fault",
      "line-noise",
      "--dialect",
      "sleepy",
    ];
    expect(readArguments([...args, "--time-scale", "20", "--seed", "7", "--exit-with-stdin"])).toEqual({
      verb: "module",
      line: { kind: "tcp", port: 0 },
      imei: undefined,
      broker: "mqtt://b:1",
      faults: ["busy", "line-noise"],
      dialects: ["sleepy"],
      timeScale: 20,
      seed: 7,
      exitWithStdin: true,
    });
  });

  it("keeps the devices of a fleet in its data folder unless told otherwise", () => {
    const fleet = ["fleet", "--devices", "3", "--server", "ws://x:1", "--data-dir", "/data"];
    expect(readArguments(fleet)).toMatchObject({ dataDir: "/data", devicesFile: "/data/devices.json", first: 0 });
    expect(readArguments([...fleet, "--devices-file", "/d.json"])).toMatchObject({ devicesFile: "/d.json" });
  });
});
