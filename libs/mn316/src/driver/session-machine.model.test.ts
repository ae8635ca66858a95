import type { ModuleState } from "@mn316-fleet/manual";
import fc from "fast-check";
import { type Cause, INITIAL_SESSION, next, type SessionInput, type SessionState } from "./session-machine";

/** What a module does, told in its own words: the reference that the session has to follow by its inputs alone. */
interface Model {
  state: ModuleState;
}

/** The session as the driver holds it, and the causes it told. */
class Real {
  session: SessionState = INITIAL_SESSION;
  cause: Cause | undefined;

  take(...inputs: SessionInput[]): void {
    this.cause = undefined;
    for (const input of inputs) {
      const { cause, ...session } = next(this.session, input);
      this.session = session;
      this.cause = cause ?? this.cause;
    }
  }
}

const LOSSES: Record<number, Cause> = {
  2: "publish-timeout",
  3: "subscribe-timeout",
  4: "unsubscribe-timeout",
  5: "heartbeat-lost",
};

/** One thing that happens between driver and module. */
class Happening implements fc.Command<Model, Real> {
  constructor(
    private readonly name: string,
    private readonly from: readonly ModuleState[],
    private readonly to: ModuleState,
    private readonly inputs: readonly SessionInput[],
    private readonly cause: Cause,
  ) {}

  check({ state }: Readonly<Model>): boolean {
    return this.from.includes(state);
  }

  run(model: Model, real: Real): void {
    const before = model.state;
    model.state = this.to;
    real.take(...this.inputs);
    expect(real.session.state).toBe(model.state);
    if (before !== this.to) expect(real.cause).toBe(this.cause);
    if (this.to === "connected") expect(real.session.trouble).toBeUndefined();
  }

  toString(): string {
    return this.name;
  }
}

const IDLE = ["initialized", "disconnected"] as const;
const ALL = ["uninitialized", ...IDLE, "reconnecting", "connected"] as const;
const opening: SessionInput[] = [{ kind: "opening" }, { kind: "open-accepted" }];
const opened: SessionInput = { kind: "opened", isSuccess: true };
const closed: SessionInput = { kind: "closed" };
const reconnect: SessionInput = { kind: "reconnect" };
const timeout = (type: number): SessionInput => ({ kind: "timeout", type });
const lossTypes = [2, 3, 4, 5];

const happenings: Happening[] = [
  new Happening("configure", ["uninitialized", ...IDLE], "initialized", [{ kind: "configured" }], "requested"),
  new Happening("delete", IDLE, "uninitialized", [{ kind: "deleted" }], "requested"),
  new Happening("connect", IDLE, "connected", [...opening, opened], "requested"),
  new Happening(
    "connect, the URC ahead of its OK",
    IDLE,
    "connected",
    [{ kind: "opening" }, opened, { kind: "open-accepted" }],
    "requested",
  ),
  new Happening(
    "connect refused",
    IDLE,
    "disconnected",
    [...opening, { kind: "opened", isSuccess: false }, closed],
    "connect-refused",
  ),
  new Happening(
    "connect timed out",
    IDLE,
    "disconnected",
    [...opening, timeout(1), reconnect, closed],
    "connect-timeout",
  ),
  new Happening(
    "connect answered by an error",
    ["connected"],
    "connected",
    [{ kind: "opening" }, { kind: "open-refused" }],
    "unknown",
  ),
  new Happening(
    "disconnect",
    ["connected", "reconnecting"],
    "disconnected",
    [{ kind: "closing" }, closed],
    "requested",
  ),
  new Happening("a message", ["connected"], "connected", [{ kind: "answered" }], "unknown"),
  ...lossTypes.map(
    (type) =>
      new Happening(
        `timeout ${type} costs the link`,
        ["connected"],
        "reconnecting",
        [timeout(type), reconnect],
        LOSSES[type] ?? "unknown",
      ),
  ),
  ...lossTypes.map(
    (type) =>
      new Happening(
        `timeout ${type}, answered after all`,
        ["connected"],
        "connected",
        [timeout(type), { kind: "answered" }],
        "unknown",
      ),
  ),
  ...lossTypes.map(
    (type) =>
      new Happening(
        `timeout ${type} ends in giving up`,
        ["connected"],
        "disconnected",
        [timeout(type), reconnect, reconnect, reconnect, closed],
        LOSSES[type] ?? "unknown",
      ),
  ),
  new Happening("restart", ALL, "uninitialized", [{ kind: "restarted" }], "module-restart"),
  ...ALL.map((state) => new Happening(`asked while ${state}`, [state], state, [{ kind: "stat", state }], "unknown")),
];

describe("the session against a model of the module", () => {
  it("is in the module's state with the right cause, whatever happened before", () => {
    fc.assert(
      fc.property(
        fc.commands(
          happenings.map((happening) => fc.constant(happening)),
          { size: "+2" },
        ),
        (commands) => {
          fc.modelRun(() => {
            const real = new Real();
            real.take({ kind: "stat", state: "uninitialized" });
            const model: Model = { state: "uninitialized" };
            return { model, real };
          }, commands);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("says for a reconnect that succeeded what had begun the outage", () => {
    for (const type of lossTypes) {
      const real = new Real();
      real.take({ kind: "configured" }, ...opening, opened, timeout(type), reconnect);
      real.take(opened);
      expect(real.session.state).toBe("connected");
      expect(real.cause).toBe(LOSSES[type]);
    }
  });
});
