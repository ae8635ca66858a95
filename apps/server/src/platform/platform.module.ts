import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
} from "@nestjs/common";
import type { Logger } from "pino";
import { Database } from "./database/database";
import { SILENCE_MS } from "./database/lost-connections";
import { PgDatabase } from "./database/pg-database";
import { LOGGER } from "./logging/nest-logger";
import { Mailer } from "./mail/mailer";
import { Metrics } from "./metrics/metrics";
import { PostgresQueues, RedisQueues } from "./queues/bull-queues";
import { Queues } from "./queues/queues";
import { SecretVault } from "./secrets/secret-vault";
import { SETTINGS, type Settings } from "./settings/settings";
import { PostgresSignals } from "./signals/postgres-signals";
import { RedisSignals } from "./signals/redis-signals";
import { Signals } from "./signals/signals";
import { ClientCertificates } from "./tls/client-certificates";
import { WebhookSender } from "./webhooks/webhook-sender";

/** What every feature may use and none may change: settings, database, queues, signals, log, metrics, secrets, mail, webhooks. */
@Global()
@Module({})
export class PlatformModule implements BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(Database) private readonly database: PgDatabase,
    @Inject(Queues) private readonly queues: PostgresQueues | RedisQueues,
    @Inject(Signals) private readonly signals: PostgresSignals | RedisSignals,
  ) {}

  /** @param databaseUrl a migrated PostgreSQL: the one of the settings or the embedded one */
  static with(settings: Settings, databaseUrl: string, logger: Logger): DynamicModule {
    const { redisUrl, redisPrefix, roles } = settings;
    const isWorker = roles.has("worker");
    return {
      module: PlatformModule,
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: LOGGER, useValue: logger },
        SecretVault,
        ClientCertificates,
        { provide: Metrics, useValue: new Metrics() },
        { provide: Mailer, useValue: new Mailer({ url: settings.smtpUrl, from: settings.mailFrom }) },
        { provide: WebhookSender, useValue: new WebhookSender({ networks: settings.webhookNetworks }) },
        {
          provide: Database,
          useFactory: () =>
            new PgDatabase(
              databaseUrl,
              (error) => {
                logger.warn({ reason: error.message }, "a database connection broke");
              },
              SILENCE_MS,
            ),
        },
        {
          provide: Queues,
          useFactory: () =>
            redisUrl
              ? new RedisQueues(redisUrl, redisPrefix, logger, isWorker)
              : new PostgresQueues(databaseUrl, logger, isWorker),
        },
        {
          provide: Signals,
          useFactory: (database: PgDatabase) =>
            redisUrl
              ? new RedisSignals(redisUrl, redisPrefix, logger)
              : PostgresSignals.open(databaseUrl, database.pool, logger),
          inject: [Database],
        },
      ],
      exports: [
        SETTINGS,
        LOGGER,
        SecretVault,
        ClientCertificates,
        Metrics,
        Mailer,
        WebhookSender,
        Database,
        Queues,
        Signals,
      ],
    };
  }

  /** While features still run: what their queue jobs use must outlive these. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.queues.closeWorkers();
  }

  /** Runs after the features have stopped: what they used goes last. */
  async onApplicationShutdown(): Promise<void> {
    await this.queues.close();
    await this.signals.close();
    await this.database.close();
  }
}
