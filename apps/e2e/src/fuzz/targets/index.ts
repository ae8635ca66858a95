import { FuzzServer } from "../fuzz-server";
import type { FuzzTarget } from "../fuzz-target";
import { agentFrames } from "./agent-frames";
import { csvImport } from "./csv-import";
import { restBodies, restQueries, selectors } from "./rest";
import { serial } from "./serial";
import { serverFrames } from "./server-frames";

/** Everything that is fuzzed, by name; the targets that need a server share one, which `stop` ends. */
export function fuzzTargets(env: Record<string, string> = {}): {
  targets: Record<string, FuzzTarget>;
  stop(): Promise<void>;
} {
  let server: Promise<FuzzServer> | undefined;
  const start = () => (server ??= FuzzServer.start(env));
  return {
    targets: {
      serial,
      "agent-frames": agentFrames(start),
      "server-frames": serverFrames,
      rest: restBodies(start),
      queries: restQueries(start),
      selectors: selectors(start),
      csv: csvImport(start),
    },
    stop: async () => (await server?.catch(() => undefined))?.stop(),
  };
}
