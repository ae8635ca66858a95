import { eventually } from "@mn316-fleet/testkit";
import { checkLedgers, recorded } from "../checks/events";
import type { Fault } from "../fault";

export const twoAgentsOneToken: Fault = {
  does: "a second agent comes with the token of another: they push each other out, and both are heard in full",
  lastsS: [4, 15],
  inject(world) {
    const first = world.pick(world.agents);
    const second = first.twin();
    second.start();
    const telling = setInterval(() => second.tell({ kind: "ping" }), 200);
    return Promise.resolve(async () => {
      clearInterval(telling);
      // It stays until all it has is acknowledged; the other pushes it out meanwhile, and is pushed out.
      await eventually(
        () => {
          if (second.acked < second.ledger.length) throw new Error("the second agent is not heard in full");
        },
        { timeoutMs: 30_000 },
      );
      second.stop();
      if (!second.closeCodes.includes(4002) && !first.closeCodes.includes(4002))
        throw new Error(`neither was pushed out: ${first.closeCodes.join()} and ${second.closeCodes.join()}`);
      const [problem] = await checkLedgers(world.cluster.pool, recorded([second]));
      if (problem) throw new Error(`${problem.kind}: ${problem.text}`);
    });
  },
};
