import { systemClock } from "@mn316-fleet/at";
import { pino } from "pino";
import { Outbox, type OutboxOptions } from "../outbox/outbox";
import { AgentStore } from "../store/agent-store";

/** An outbox in a folder, as the agent opens it. */
export async function openOutbox(dataDir: string, options: Partial<OutboxOptions> = {}): Promise<Outbox> {
  const log = pino({ level: "silent" });
  const { store } = await AgentStore.open(dataDir, log);
  const outbox = await Outbox.open(store, { dataDir, clock: systemClock, log, ...options });
  const close = outbox.close.bind(outbox);
  outbox.close = async () => {
    await close();
    await store.close();
  };
  return outbox;
}
