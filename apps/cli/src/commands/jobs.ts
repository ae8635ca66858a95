import { pages, pagesOf } from "@mn316-fleet/client";
import {
  type CreateJobInput,
  type Execution,
  EXECUTION_STATUSES,
  type Job,
  JOB_STATUSES,
  type Rehearsal,
} from "@mn316-fleet/contracts";
import { type Command, Option } from "commander";
import { readDocument } from "../documents";
import type { ExitCode } from "../exit-codes";
import { first } from "../lookup";
import { repeatable, wholeNumber } from "../options";
import { printable } from "../output/printable";
import { progressLine, tally } from "../output/progress";
import { inLine, moment } from "../output/words";
import { type Session, withSession } from "../session/session";
import {
  addJobOptions,
  addTargetOptions,
  type JobOptions,
  jobParts,
  type TargetOptions,
  targetsOf,
} from "./job-targets";
import { watchJob, type WatchOptions } from "./job-watch";

interface CreationOptions extends WatchOptions {
  wait?: boolean;
  rehearse?: boolean;
  idempotencyKey?: string;
}
type MakeOptions = TargetOptions & JobOptions & CreationOptions;

const SIMPLE_KINDS = {
  reconnect: "Close the modules' connections and open them again",
  restart: "Restart modules and configure them anew",
  probe: "Ask modules what they are and how they are",
  configure: "Apply the desired configuration once more",
} as const;

/** `fleetctl jobs`: work on any number of devices. */
export function addJobs(program: Command): void {
  const jobs = program.command("jobs").alias("job").description("Work on any number of devices");
  addCreation(
    jobs
      .command("create")
      .description("Create a job from a document in JSON or YAML (docs/rollouts.md)")
      .requiredOption("-f, --file <file>", "the document, - for standard input"),
  ).action(
    withSession(async (session, { file, ...options }: CreationOptions & { file: string }) =>
      // The server judges the document: its answer names every field that is wrong.
      make(session, (await readDocument(file)) as unknown as CreateJobInput, options),
    ),
  );
  for (const [kind, about] of Object.entries(SIMPLE_KINDS))
    addCreation(addJobOptions(addTargetOptions(jobs.command(`${kind} [devices...]`).description(about)))).action(
      withSession(async (session, devices: string[], options: MakeOptions) => {
        const targets = await targetsOf(session, devices, options);
        return make(session, { kind: kind as keyof typeof SIMPLE_KINDS, targets, ...jobParts(options) }, options);
      }),
    );
  addCreation(
    addJobOptions(
      addTargetOptions(
        jobs
          .command("at <commands...>")
          .description("Run AT commands, one after the other; the first that fails ends the execution")
          .option(
            "--expect <text>",
            "what a line of the command's output must hold, in their order; may repeat",
            repeatable,
          )
          .option("--repeatable", "the commands may run twice without harm"),
      ),
    ),
  ).action(withSession(at));
  addLooking(jobs);
  for (const [verb, about] of [
    ["pause", "Send nothing more; what was sent runs to its end"],
    ["resume", "Go on where a paused job stood"],
    ["cancel", "End a job; what runs is asked to end"],
  ] as const)
    jobs
      .command(`${verb} <job>`)
      .description(about)
      .action(
        withSession(async (session, id: string) => {
          tell(session, await session.client.jobs[verb](id));
        }),
      );
}

/** What all commands that make a job take. */
function addCreation(command: Command): Command {
  return command
    .option("-w, --wait", "watch it until it is over; the exit code tells the outcome")
    .option("--wait-timeout <seconds>", "but no longer than this", wholeNumber(1))
    .option("--rehearse", "only try it on virtual modules, and show what would come of it")
    .option("--idempotency-key <key>", "make one job however often this is sent within 24 hours");
}

function addLooking(jobs: Command): void {
  jobs
    .command("list")
    .alias("ls")
    .description("List jobs, newest first")
    .addOption(new Option("--status <status>", "only these").choices(JOB_STATUSES))
    .option("--runs-of <job>", "only the runs of this recurring job")
    .option("-n, --limit <count>", "so many at most", wholeNumber(1))
    .action(
      withSession((session, { status, runsOf, limit }: { status?: Job["status"]; runsOf?: string; limit?: number }) =>
        session.output.list<Job>(first(limit, pages(session.client.jobs.list, { status, scheduleId: runsOf })), [
          { title: "ID", value: ({ id }) => id },
          { title: "KIND", value: ({ kind }) => kind },
          { title: "STATUS", value: (job) => (job.isPaused ? `${job.status} (paused)` : job.status) },
          { title: "DONE", value: (job) => `${tally(job).done}/${tally(job).total}`, isRight: true },
          { title: "BAD", value: (job) => String(tally(job).bad), isRight: true },
          { title: "CREATED", value: ({ createdAt, createdBy }) => `${moment(createdAt)} by ${createdBy}` },
        ]),
      ),
    );
  jobs
    .command("show <job>")
    .description("Show a job")
    .action(
      withSession(async (session, id: string) => {
        tell(session, await session.client.jobs.get(id));
      }),
    );
  jobs
    .command("executions <job>")
    .description("List what became of a job on each device, with the output of its commands")
    .addOption(new Option("--status <status>", "only these").choices(EXECUTION_STATUSES))
    .option("-n, --limit <count>", "so many at most", wholeNumber(1))
    .action(
      withSession((session, id: string, { status, limit }: { status?: Execution["status"]; limit?: number }) => {
        const all = pagesOf(session.client.jobs.executions, id, { status });
        return session.output.list<Execution>(first(limit, all), [
          { title: "DEVICE", value: ({ deviceId }) => deviceId },
          { title: "STATUS", value: (each) => each.status },
          { title: "ATTEMPT", value: ({ attempt }) => String(attempt), isRight: true },
          { title: "ERROR", value: ({ error }) => inLine(error) },
          { title: "OUTPUT", value: ({ steps }) => steps.map(({ output }) => output.join(" | ")).join(" ; ") },
        ]);
      }),
    );
  jobs
    .command("watch <job>")
    .description("Watch a job until it is over; the exit code tells the outcome")
    .option("--wait-timeout <seconds>", "but no longer than this", wholeNumber(1))
    .action(withSession((session, id: string, options: WatchOptions) => watchJob(session, id, options)));
}

async function at(
  session: Session,
  commands: string[],
  { expect = [], repeatable: isRepeatable, ...options }: MakeOptions & { expect?: string[]; repeatable?: boolean },
): Promise<ExitCode | undefined> {
  const steps = commands.map((command, index) => ({ command, ...(expect[index] && { expect: expect[index] }) }));
  const targets = await targetsOf(session, [], options);
  const job = { kind: "at" as const, targets, steps, ...(isRepeatable && { repeatable: true }), ...jobParts(options) };
  return make(session, job, options);
}

async function make(
  session: Session,
  job: CreateJobInput,
  { wait, rehearse, idempotencyKey, ...watching }: CreationOptions,
): Promise<ExitCode | undefined> {
  if (rehearse) {
    const rehearsal = await session.client.jobs.rehearse(job);
    session.output.document(rehearsal, () => rehearsalLines(session, rehearsal));
    return undefined;
  }
  // With a key of its own the request may be sent again where the answer was lost.
  const made = await session.client.jobs.create(job, idempotencyKey ?? crypto.randomUUID());
  if (wait) {
    session.output.note(`job ${made.id}`);
    return watchJob(session, made.id, watching);
  }
  session.output.document(made, () => made.id);
  return undefined;
}

function tell({ output }: Session, job: Job): void {
  output.document(job, () =>
    output.fields([
      ["id", job.id],
      ["kind", job.kind],
      ["status", job.status + (job.reason === undefined ? "" : ` (${job.reason})`)],
      ["progress", progressLine(job)],
      ["targets", job.targets.selector ? `${job.targets.mode} ${inLine(job.targets.selector)}` : job.targets.mode],
      ...(job.rollout ? [["rollout", inLine(job.rollout)] as [string, string]] : []),
      ...(job.schedule
        ? [["schedule", `${inLine(job.schedule)}, next ${moment(job.nextRunAt)}`] as [string, string]]
        : []),
      ["created", `${moment(job.createdAt)} by ${job.createdBy}`],
      ["expires", moment(job.expiresAt)],
    ]),
  );
}

function rehearsalLines({ output }: Session, { devices, tried, failing, samples }: Rehearsal): string[] {
  return [
    `${devices} devices, ${tried} tried, ${failing} of them would not succeed`,
    ...samples.map(({ deviceId, devices: alike, status, error, steps }) => {
      const last = steps.at(-1);
      const words = error ?? (last ? `${last.command}: ${last.result}` : "");
      const text = printable(`  ${alike} × ${status} ${words}, such as ${deviceId}`);
      return output.paint(status === "SUCCEEDED" ? "green" : "red", text);
    }),
  ];
}
