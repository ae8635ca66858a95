import { Agent, createLogger, type Logger, StoreError, VERSION } from "@mn316-fleet/agent-core";
import { ServiceManager } from "./service-manager";
import type { ModuleSettings, Settings } from "./settings";
import { serveStatus } from "./status-socket";

const STOP_BOUND_MS = 5_000;

/**
 * Runs one agent a module until a signal, or until the process that started it with an IPC channel is gone.
 * @returns the exit code
 */
export async function run(settings: Settings): Promise<number> {
  const { log, lastError } = createLogger(settings.logLevel);
  const service = new ServiceManager(process.env, log);
  const ended = untilAskedToEnd();
  const agents: Agent[] = [];
  for (const module of settings.modules) {
    const own = settings.modules.length > 1 ? log.child({ port: module.port }) : log;
    const agent = agentFor(module, settings, own);
    try {
      await agent.start();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.fatal({ dataDir: module.dataDir }, error.message);
      await stop(agents);
      return 1;
    }
    agents.push(agent);
    const status = () => agent.status && { pid: process.pid, agent: agent.status, ...lastError() };
    await serveStatus(module.dataDir, status).catch((error: unknown) => {
      own.warn({ reason: (error as Error).message }, "no local status");
    });
    const { port, dataDir } = module;
    own.info({ version: VERSION, server: settings.server, port, dataDir }, "agent started");
  }
  service.ready();
  log.info({ reason: await ended }, "agent stopping");
  service.stopping();
  const force = setTimeout(() => {
    log.warn("stopping took too long: what is left is on disk and goes on at the next start");
    process.exit(0);
  }, STOP_BOUND_MS);
  await stop(agents);
  clearTimeout(force);
  log.info("agent stopped");
  return 0;
}

function agentFor(module: ModuleSettings, settings: Settings, logger: Logger): Agent {
  const { port, baudRate, token, name, dataDir } = module;
  const { server, enrollmentKey, network, at, outboxLimitBytes } = settings;
  return new Agent({
    ...{ server, network, at, outboxLimitBytes, enrollmentKey, port, token, name, dataDir, logger },
    driver: { baudRate },
  });
}

async function stop(agents: readonly Agent[]): Promise<void> {
  await Promise.all(agents.map((agent) => agent.stop()));
}

function untilAskedToEnd(): Promise<string> {
  return new Promise((resolve) => {
    // The last two come when a terminal is closed, the last one on Windows alone.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"] as const)
      process.on(signal, () => {
        resolve(signal);
      });
    process.on("disconnect", () => {
      resolve("the parent process is gone");
    });
  });
}
