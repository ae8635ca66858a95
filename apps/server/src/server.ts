import { NestFactory } from "@nestjs/core";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { Logger } from "pino";
import { AppModule } from "./app.module";
import { AgentWsAdapter } from "./gateway/agent-ws.adapter";
import { migrate } from "./platform/database/migrations";
import { serveDashboard } from "./platform/http/dashboard";
import { createFastifyAdapter } from "./platform/http/fastify-adapter";
import { useHttpRules } from "./platform/http/http-rules";
import { limitToRoles } from "./platform/http/role-limits";
import { openApiDocument, serveOpenApi } from "./platform/http/open-api";
import { NestLogger } from "./platform/logging/nest-logger";
import { PlatformModule } from "./platform/platform.module";
import { PostgresQueues } from "./platform/queues/bull-queues";
import { requireRedis } from "./platform/redis/require-redis";
import type { Settings } from "./platform/settings/settings";
import { renewTls } from "./platform/tls/tls-files";

const VERSION = "0.1.0";

/**
 * Builds the server on a running PostgreSQL, brings its schema up to date, and listens.
 * @param databaseUrl the one of the settings, or the embedded one
 */
export async function startServer(
  settings: Settings,
  databaseUrl: string,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const added = await migrate(databaseUrl);
  if (added.length > 0) logger.info({ migrations: added }, "database schema brought up to date");
  if (settings.redisUrl === undefined) await PostgresQueues.migrate(databaseUrl);
  else await requireRedis(settings.redisUrl, logger);

  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(PlatformModule.with(settings, databaseUrl, logger), settings),
    createFastifyAdapter(settings),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class
    { logger: new NestLogger(logger), abortOnError: false, bodyParser: false },
  );
  try {
    app.useWebSocketAdapter(new AgentWsAdapter(app));
    useHttpRules(app, logger);
    renewTls(app, settings, logger);
    limitToRoles(app, settings);
    if (settings.roles.has("api")) {
      await serveDashboard(app);
      serveOpenApi(app, openApiDocument(app, VERSION));
    }
    await app.listen(settings.port, settings.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}
