import fc from "fast-check";
import { MODULE_STATES } from "@mn316-fleet/manual";
import { INITIAL_SESSION, next, type SessionInput, type SessionState } from "./session-machine";

const timeout = (type: number): SessionInput => ({ kind: "timeout", type });
const stat = (state: (typeof MODULE_STATES)[number]): SessionInput => ({ kind: "stat", state });
const reconnect: SessionInput = { kind: "reconnect" };
const closed: SessionInput = { kind: "closed" };
const opened: SessionInput = { kind: "opened", isSuccess: true };
const refused: SessionInput = { kind: "opened", isSuccess: false };
const open: SessionInput[] = [{ kind: "opening" }, { kind: "open-accepted" }];
const connected: SessionInput[] = [{ kind: "configured" }, ...open, opened];

/** The changes of state that inputs lead to, as `state (cause)`. */
function story(inputs: readonly SessionInput[], skip: number): string[] {
  let session: SessionState = INITIAL_SESSION;
  const told: string[] = [];
  for (const [index, input] of inputs.entries()) {
    const { cause, ...after } = next(session, input);
    session = after;
    if (cause !== undefined && index >= skip) told.push(`${session.state} (${cause})`);
  }
  return told;
}
const after = (begin: readonly SessionInput[], ...inputs: SessionInput[]) => story([...begin, ...inputs], begin.length);

describe("the session's state machine", () => {
  it("tells a requested connection step by step", () => {
    expect(story(connected, 0)).toEqual([
      "initialized (requested)",
      "tcp-connecting (requested)",
      "connected (requested)",
    ]);
  });

  it.each<[string, SessionInput[], SessionInput[], string[]]>([
    [
      "§3.4: three lost heart-beats, three attempts, given up",
      connected,
      [timeout(5), timeout(5), timeout(5), reconnect, reconnect, reconnect, closed],
      ["reconnecting (heartbeat-lost)", "disconnected (heartbeat-lost)"],
    ],
    [
      "a reconnect of the module's own that succeeds",
      connected,
      [timeout(5), timeout(5), timeout(5), reconnect, opened],
      ["reconnecting (heartbeat-lost)", "connected (heartbeat-lost)"],
    ],
    ["a heart-beat that came back", connected, [timeout(5), { kind: "answered" }, closed], ["disconnected (unknown)"]],
    ["a disconnection that we asked for", connected, [{ kind: "closing" }, closed], ["disconnected (requested)"]],
    [
      "one that we asked for and the module refused, then its own",
      connected,
      [{ kind: "closing" }, { kind: "close-refused" }, closed],
      ["disconnected (unknown)"],
    ],
    [
      "giving up for no known reason",
      connected,
      [reconnect, closed],
      ["reconnecting (unknown)", "disconnected (gave-up)"],
    ],
    [
      "a publish timeout that costs the connection",
      connected,
      [timeout(2), reconnect, closed],
      ["reconnecting (publish-timeout)", "disconnected (publish-timeout)"],
    ],
    [
      "a refused connect, its DISC behind",
      [],
      [...open, refused, closed],
      ["tcp-connecting (requested)", "disconnected (connect-refused)"],
    ],
    [
      "a refused connect that the module tries again by itself",
      open,
      [refused, reconnect, closed],
      ["disconnected (connect-refused)", "reconnecting (connect-refused)", "disconnected (connect-refused)"],
    ],
    [
      "a connect that timed out",
      [],
      [...open, timeout(1), closed],
      ["tcp-connecting (requested)", "disconnected (connect-timeout)"],
    ],
    [
      "an OPEN:OK ahead of its OK",
      [],
      [{ kind: "opening" }, opened, { kind: "open-accepted" }],
      ["connected (requested)"],
    ],
    [
      "late news of the connection before",
      [...connected, { kind: "closing" }, closed],
      [{ kind: "opening" }, closed, { kind: "open-accepted" }, opened],
      ["tcp-connecting (requested)", "connected (requested)"],
    ],
    ["a restart", connected, [{ kind: "restarted" }], ["uninitialized (module-restart)"]],
    ["a configuration that is gone", connected, [stat("uninitialized")], ["uninitialized (module-restart)"]],
    ["a lost line", connected, [{ kind: "serial-lost" }], ["unknown (serial-lost)"]],
    [
      "a loss that only a question shows",
      connected,
      [timeout(5), stat("disconnected")],
      ["disconnected (heartbeat-lost)"],
    ],
    [
      "a connect that timed out, after which the module is found to go on by itself",
      [{ kind: "configured" }, ...open],
      [timeout(1), stat("reconnecting")],
      ["reconnecting (connect-timeout)"],
    ],
    ["1 instead of 2 after a disconnection", [...connected, closed], [stat("initialized")], []],
    [
      "steps of a connect seen by asking",
      [],
      [...open, stat("awaiting-connack")],
      ["tcp-connecting (requested)", "awaiting-connack (requested)"],
    ],
  ])("tells %s", (_name, begin, inputs, expected) => {
    expect(after(begin, ...inputs)).toEqual(expected);
  });

  it("has a cause for every change and none without, whatever comes", () => {
    const input: fc.Arbitrary<SessionInput> = fc.oneof(
      fc.constantFrom<SessionInput>(
        ...connected,
        { kind: "closing" },
        { kind: "close-refused" },
        { kind: "open-refused" },
      ),
      fc.constantFrom<SessionInput>(
        refused,
        closed,
        reconnect,
        { kind: "answered" },
        { kind: "restarted" },
        { kind: "deleted" },
      ),
      fc.integer({ min: 0, max: 9 }).map(timeout),
      fc.constantFrom(...MODULE_STATES).map(stat),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 40 }), (inputs) => {
        let session: SessionState = INITIAL_SESSION;
        for (const each of inputs) {
          const { cause, ...following } = next(session, each);
          expect(cause !== undefined).toBe(following.state !== session.state);
          if (following.state === "connected" && session.state !== "connected")
            expect(following.trouble).toBeUndefined();
          session = following;
        }
      }),
    );
  });
});
