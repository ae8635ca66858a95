import { rehearse, type RehearsalOutcome } from "@mn316-fleet/agent-core";
import type { CreateJob, Rehearsal } from "@mn316-fleet/contracts";
import type { ExecuteFrame } from "@mn316-fleet/protocol";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { Inject, Injectable } from "@nestjs/common";
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { type ConfigGroup, ConfigGroups } from "../../configs/config-groups";
import { ConfigsService } from "../../configs/configs.service";
import { DEVICES, selectorSql } from "../../devices/selection";
import { Database } from "../../platform/database/database";
import { LOGGER } from "../../platform/logging/nest-logger";
import { conflict } from "../../platform/problems/problem.error";
import type { StepResult } from "../executions.store";
import { JobMaker } from "../job-maker";
import { heldConfig } from "./held-config";
import { RehearsalBroker } from "./rehearsal-broker";

/** Distinct configurations that are tried at most. */
const MAX_CONFIGURATIONS = 500;
/** A caller waits for the answer: after so long no further one is tried. */
const TIME_MS = 60_000;
const AT_ONCE = 4;
/** How many times faster than a module's its timers run. */
const TIME_SCALE = 50;
/** Bound of one sample. */
const LIMIT_MS = 15_000;

type Sample = Rehearsal["samples"][number];

/**
 * Tries jobs on virtual modules in memory that hold what the targets report, with what an agent would run. No socket leaves
 * this machine: whatever host a module is told, a broker of the rehearsal's own answers.
 */
@Injectable()
export class Rehearsals {
  private isBusy = false;

  constructor(
    private readonly database: Database,
    private readonly maker: JobMaker,
    private readonly groups: ConfigGroups,
    private readonly configs: ConfigsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws 422 as making the job would; 409 while another is rehearsed: each takes a good part of this process */
  async rehearse(job: CreateJob): Promise<Rehearsal> {
    await this.database.transaction((tx) => this.maker.check(tx, job));
    if (this.isBusy) throw conflict("Another job is rehearsed now. Try again in some seconds.");
    this.isBusy = true;
    try {
      const { devices, distinct, groups } = await this.groups.of(
        targetsSql(job),
        MAX_CONFIGURATIONS,
        job.kind === "configure",
      );
      const samples = await this.trySamples(job, groups);
      const sum = (some: Sample[]) => some.reduce((total, sample) => total + sample.devices, 0);
      const failing = sum(samples.filter(({ status }) => status !== "SUCCEEDED"));
      const configurations = { distinct, tried: samples.length, bound: MAX_CONFIGURATIONS };
      this.logger.info({ kind: job.kind, devices, ...configurations, failing }, "job rehearsed");
      return { isRehearsal: true, devices, configurations, tried: sum(samples), failing, samples };
    } finally {
      this.isBusy = false;
    }
  }

  private async trySamples(job: CreateJob, groups: ConfigGroup[]): Promise<Sample[]> {
    const broker = await RehearsalBroker.start();
    const endMs = Date.now() + TIME_MS;
    try {
      const samples: Sample[] = [];
      for (let next = 0; next < groups.length && Date.now() < endMs; next += AT_ONCE) {
        const some = groups.slice(next, next + AT_ONCE);
        samples.push(...(await Promise.all(some.map((group) => this.trySample(job, group, broker.url)))));
      }
      return samples;
    } finally {
      await broker.stop();
    }
  }

  private async trySample(
    job: CreateJob,
    { deviceId, devices, reported }: ConfigGroup,
    broker: string,
  ): Promise<Sample> {
    const module = new VirtualMn316({ broker, isSealed: true, timeScale: TIME_SCALE });
    try {
      const desired = (await this.configs.desiredFrame(deviceId))?.config;
      const held = heldConfig(reported);
      const options = { stream: module.stream, held, desired, limitMs: LIMIT_MS };
      return { deviceId, devices, reported, ...told(await rehearse(frameOf(job), options)) };
    } finally {
      module.destroy();
    }
  }
}

function told({ status, error, steps }: RehearsalOutcome): Pick<Sample, "status" | "error" | "steps"> {
  return {
    status,
    ...(error !== undefined && { error }),
    steps: steps.map(({ command = "", result = "", output = [], truncated, ms = 0 }): StepResult => ({
      command,
      result,
      output,
      ...(truncated && { truncated }),
      ms,
    })),
  };
}

function frameOf({ kind, steps = [], timeoutS }: CreateJob): ExecuteFrame {
  const job = { id: randomUUID(), kind };
  const notAfter = Date.now() + LIMIT_MS;
  return { type: "execute", execution: randomUUID(), attempt: 1, job, steps, timeoutS, notAfter };
}

function targetsSql({ targets: { deviceIds, selector } }: CreateJob): { sql: string; parameters: unknown[] } {
  if (!selector) return { sql: "SELECT unnest($1::uuid[])", parameters: [deviceIds ?? []] };
  const { sql, parameters } = selectorSql(selector, 1);
  return {
    sql: `SELECT d.id FROM ${DEVICES} WHERE ${sql}`,
    parameters,
  };
}
