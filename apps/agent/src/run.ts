import { Agent, createLogger, openTransport, StoreError, VERSION } from "@mn316-fleet/agent-core";
import type { Settings } from "./settings";

const STOP_BOUND_MS = 5_000;

/**
 * Runs the agent until a signal, or until the process that started it with an IPC channel is gone.
 * @returns the exit code
 */
export async function run({ server, token, port, baudRate, dataDir, logLevel }: Settings): Promise<number> {
  const log = createLogger(logLevel);
  const agent = new Agent({
    server,
    token,
    openStream: () => openTransport(port, { baudRate }),
    driver: { baudRate },
    dataDir,
    logger: log,
  });
  const ended = untilAskedToEnd();
  try {
    await agent.start();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.fatal({ dataDir }, error.message);
    return 1;
  }
  log.info({ version: VERSION, server, port, dataDir }, "agent started");
  log.info({ reason: await ended }, "agent stopping");
  const force = setTimeout(() => {
    log.warn("stopping took too long: what is left is on disk and goes on at the next start");
    process.exit(0);
  }, STOP_BOUND_MS);
  await agent.stop();
  clearTimeout(force);
  log.info("agent stopped");
  return 0;
}

function untilAskedToEnd(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.on(signal, () => {
        resolve(signal);
      });
    process.on("disconnect", () => {
      resolve("the parent process is gone");
    });
  });
}
