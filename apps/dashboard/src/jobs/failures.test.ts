import type { Execution } from "@mn316-fleet/contracts";
import { groupFailures } from "./failures";

const failed = (id: string, error: string, output: string[] = []) =>
  ({
    id,
    status: "FAILED",
    error,
    steps: [{ command: "AT+CSQ", result: "OK", output, ms: 1 }],
  }) as unknown as Execution;

describe("groupFailures", () => {
  it("puts together what failed in the same way, whatever the numbers were", () => {
    const groups = groupFailures([
      failed("a", "no answer within 10 s"),
      failed("b", "not what was expected", ["+CSQ:12,0"]),
      failed("c", "not what was expected", ["+CSQ:9,99"]),
    ]);
    expect(groups.map(({ executions }) => executions.map(({ id }) => id))).toEqual([["b", "c"], ["a"]]);
    expect(groups[0]?.why).toBe("not what was expected · AT+CSQ → OK +CSQ:12,0");
  });

  it("falls back on the status where nothing else is told", () => {
    const silent = { id: "a", status: "TIMED_OUT", steps: [] } as unknown as Execution;
    expect(groupFailures([silent])[0]?.why).toBe("TIMED_OUT");
  });
});
