import { createLogger } from "./logging";

describe("the agent's log", () => {
  let lines: string[];
  let now: number;

  beforeEach(() => {
    lines = [];
    now = 1_000_000;
  });

  const logger = (level = "info") =>
    createLogger(level, { now: () => now, stream: { write: (line) => lines.push(line) } });
  const told = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

  it("tells a message twenty times a minute and then how often it did not", () => {
    const { log } = logger();
    for (let index = 0; index < 500; index++) log.warn({ index }, "not connected to the server");
    log.warn("something else");
    expect(told().filter(({ msg }) => msg === "not connected to the server")).toHaveLength(20);
    expect(told().at(-1)).toMatchObject({ msg: "something else" });
    now += 60_001;
    log.warn("not connected to the server");
    expect(told().slice(-2)).toMatchObject([
      { msg: "a message came too often", message: "not connected to the server", suppressed: 480 },
      { msg: "not connected to the server" },
    ]);
  });

  it("bounds nothing of what somebody asked for by a lower level", () => {
    const { log } = logger("debug");
    for (let index = 0; index < 50; index++) log.debug("a detail");
    expect(lines).toHaveLength(50);
  });

  it("shows no secret", () => {
    const { log } = logger();
    log.info({ token: "mfd_x", key: "mfe_x", config: { mqtt: { password: "geheim" } } }, "settings");
    expect(lines.join()).not.toMatch(/mfd_x|mfe_x|geheim/);
  });

  it("knows its last error and why", () => {
    const { log, lastError } = logger();
    expect(lastError()).toEqual({});
    log.error({ err: new Error("no space") }, "disk takes no events");
    expect(lastError()).toEqual({ lastError: { at: now, message: "disk takes no events (no space)" } });
  });
});
