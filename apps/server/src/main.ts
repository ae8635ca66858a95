/**
 * The server process: reads its settings, starts its own PostgreSQL where none is named, and stops in order. With a
 * command as its argument (see `commands.ts`) it does that instead, and ends.
 */
import pino, { type Logger } from "pino";
import "reflect-metadata";
import { FirstAdminKey } from "./auth/first-admin-key";
import { runCommand } from "./commands";
import { OwnPostgres } from "./platform/database/embedded-postgres";
import { explainStartFailure } from "./platform/problems/start-failure";
import { readSettings } from "./platform/settings/read-settings";
import type { Settings } from "./platform/settings/settings";
import { startServer } from "./server";

/** After this, what still hangs is cut off. */
const SHUTDOWN_MS = 10_000;

/** What was started, in this order; `stop` ends it in the opposite one. */
class Running {
  private readonly parts: (() => Promise<void>)[] = [];

  add(stop: () => Promise<void>): void {
    this.parts.unshift(stop);
  }

  async stop(): Promise<void> {
    for (let part = this.parts.shift(); part; part = this.parts.shift()) await part();
  }
}

async function main(): Promise<void> {
  const running = new Running();
  let settings: Settings | undefined;
  try {
    settings = readSettings(process.env);
    const logger = pino({ level: settings.logLevel, base: { node: settings.nodeId } });
    const starting = start(settings, logger, running);
    stopOnSignal(logger, async () => {
      await starting.catch(() => undefined); // a start that is cut off would leave its PostgreSQL running
      await running.stop();
    });
    await starting;
  } catch (error) {
    await running.stop().catch(() => undefined);
    process.stderr.write(`${explainStartFailure(error, settings)}\n`);
    process.exit(1);
  }
}

async function start(settings: Settings, logger: Logger, running: Running): Promise<void> {
  let { databaseUrl } = settings;
  if (databaseUrl === undefined) {
    const postgres = await OwnPostgres.start(settings.dataDir, logger);
    running.add(() => postgres.stop());
    databaseUrl = postgres.url;
  }
  const app = await startServer(settings, databaseUrl, logger);
  running.add(() => app.close());

  const host = settings.host === "0.0.0.0" || settings.host === "::" ? "127.0.0.1" : settings.host;
  const url = `${settings.tls.own ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${settings.port}`;
  logger.info({ url }, "ready");
  const adminKey = app.get(FirstAdminKey, { strict: false }).take();
  // Not through the log, which others may read for years.
  if (adminKey !== undefined) process.stdout.write(`Admin key, shown this once: ${adminKey}\n`);
  process.send?.({ type: "ready", url, ...(adminKey !== undefined && { adminKey }) });
}

/** A signal, or the end of the launcher that started us, stops the server once; a second signal ends it at once. */
function stopOnSignal(logger: Logger, stop: () => Promise<void>): void {
  let isStopping = false;
  const onSignal = (reason: string) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    logger.info({ reason }, "stopping");
    setTimeout(() => {
      logger.error("did not stop in time");
      process.exit(1);
    }, SHUTDOWN_MS).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, "did not stop cleanly");
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, onSignal);
  process.on("disconnect", () => {
    onSignal("launcher gone");
  });
}

if (!runCommand(process.argv.slice(2))) void main();
