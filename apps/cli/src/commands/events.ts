import { type FleetClient, pagesOf } from "@mn316-fleet/client";
import { type LiveEvent, LIVE_KINDS, type StoredEvent } from "@mn316-fleet/contracts";
import { type Command, Option } from "commander";
import { UsageError } from "../errors";
import { EXIT, type ExitCode } from "../exit-codes";
import { deviceId, first } from "../lookup";
import { time, wholeNumber } from "../options";
import { printable } from "../output/printable";
import type { Column } from "../output/table";
import { duration, inLine, moment, NONE } from "../output/words";
import { ResumeFile } from "../session/resume-file";
import { type Session, withSession } from "../session/session";

const SHOWN = 50;

interface EventOptions {
  follow?: boolean;
  kind?: string;
  kinds?: string;
  tag?: string;
  state?: LiveQueryState;
  from?: string;
  to?: string;
  limit?: number;
  all?: boolean;
  resume?: string;
}
type LiveQueryState = Extract<LiveEvent, { kind: "device" }>["module"]["state"];

/** `fleetctl events`, `intervals` and `link-sessions`: what happened, and what happens. */
export function addEvents(program: Command): void {
  program
    .command("events [device]")
    .description("Show the newest events of a device, or follow what changes in the fleet")
    .option("-F, --follow", "tell changes as they happen, until Ctrl-C; goes on where it was after a break")
    .option("--kind <kind>", "of a device's history: only this kind")
    .option("--from <time>", "of a device's history: not before; 24h and 7d mean so long ago", time)
    .option("--to <time>", "of a device's history: before", time)
    .option("-n, --limit <count>", `of a device's history: so many at most, ${SHOWN} unless given`, wholeNumber(1))
    .addOption(new Option("--all", "of a device's history: all of it").conflicts("limit"))
    .option("--kinds <kinds>", `with --follow: only ${LIVE_KINDS.join(", ")}; with commas`)
    .option("-t, --tag <tag>", "with --follow: of devices that have this tag")
    .option("--state <state>", "with --follow: of devices whose module is in this state")
    .option("--resume <file>", "with --follow: keep the place there, and go on behind it the next time")
    .action(
      withSession((session, device: string | undefined, options: EventOptions) =>
        options.follow ? follow(session, device, options) : history(session, device, options),
      ),
    );
  addPast(
    program,
    "intervals",
    "Show in which states a device's module was, and why each ended",
    ({ devices }, id, range) => pagesOf(devices.intervals, id, range),
    [
      { title: "BEGAN", value: ({ began }) => moment(began) },
      { title: "ENDED", value: ({ ended }) => moment(ended) },
      { title: "FOR", value: ({ seconds }) => duration(seconds), isRight: true },
      { title: "STATE", value: ({ state }) => state },
      { title: "ENDED BY", value: ({ cause }) => cause ?? NONE },
    ],
  );
  addPast(
    program,
    "link-sessions",
    "Show the connections of a device's agent",
    ({ devices }, id, range) => pagesOf(devices.linkSessions, id, range),
    [
      { title: "BEGAN", value: ({ began }) => moment(began) },
      { title: "ENDED", value: ({ ended }) => moment(ended) },
      { title: "NODE", value: ({ node }) => node },
      { title: "CLOSE CODE", value: ({ closeCode }) => inLine(closeCode) },
    ],
  );
}

interface Range {
  from?: string;
  to?: string;
}

/** A command that lists what was of a device, newest first. */
function addPast<T>(
  program: Command,
  name: string,
  about: string,
  ask: (client: FleetClient, id: string, range: Range) => AsyncIterable<T>,
  columns: Column<T>[],
): void {
  program
    .command(`${name} <device>`)
    .description(about)
    .option("--from <time>", "not before; 24h and 7d mean so long ago", time)
    .option("--to <time>", "before", time)
    .option("-n, --limit <count>", `so many at most, ${SHOWN} unless given`, wholeNumber(1))
    .addOption(new Option("--all", "all of them").conflicts("limit"))
    .action(
      withSession(
        async (session, given: string, { limit, all, ...range }: Range & { limit?: number; all?: boolean }) => {
          const items = ask(session.client, await deviceId(session.client, given), range);
          await session.output.list(first(all ? undefined : (limit ?? SHOWN), items), columns);
        },
      ),
    );
}

async function history(
  session: Session,
  device: string | undefined,
  { kind, from, to, limit, all, ...others }: EventOptions,
): Promise<undefined> {
  if (device === undefined) throw new UsageError("whose events? name a device, or follow the fleet with --follow");
  if (Object.keys(others).length > 0) throw new UsageError("--kinds, --tag, --state and --resume go with --follow");
  const id = await deviceId(session.client, device);
  const events = pagesOf(session.client.devices.events, id, { kind, from, to });
  await session.output.list<StoredEvent>(first(all ? undefined : (limit ?? SHOWN), events), [
    { title: "AT", value: ({ at }) => moment(at) },
    { title: "KIND", value: (event) => event.kind },
    { title: "WHAT", value: whatOf },
  ]);
  return undefined;
}

/** The kind's own fields. */
function whatOf({ epoch, seq, at, receivedAt, kind, ...own }: StoredEvent): string {
  return Object.entries(own)
    .map(([name, value]) => `${name}=${inLine(value)}`)
    .join(" ");
}

async function follow(session: Session, device: string | undefined, options: EventOptions): Promise<ExitCode> {
  const { kinds, tag, state, resume, kind, from, to, limit, all } = options;
  if ([kind, from, to, limit, all].some((option) => option !== undefined))
    throw new UsageError("--kind, --from, --to, --limit and --all are for a device's history, not for --follow");
  const { client, output } = session;
  const place = resume === undefined ? undefined : new ResumeFile(resume);
  const id = device === undefined ? undefined : await deviceId(client, device);
  const signal = session.untilInterrupted();
  let wasOpen = false;
  const onOpen = (isOpen: boolean) => {
    if (isOpen !== wasOpen) output.note(isOpen ? "following …" : "the server is away …");
    wasOpen = isOpen;
  };
  const query = { kinds, tag, state, deviceId: id, lastEventId: place?.read() };
  let last: string | undefined;
  const onEventId = (eventId: string) => (last = eventId);
  try {
    for await (const event of client.live({ ...query, signal, onOpen, onEventId })) {
      output.entry(event, () => liveLine(event));
      if (last !== undefined) place?.keep(last);
    }
  } finally {
    place?.close();
  }
  return EXIT.interrupted;
}

function liveLine(event: LiveEvent): string {
  const words = (): string => {
    switch (event.kind) {
      case "device": {
        const { link, module } = event;
        return `${event.deviceId}  ${link.online ? "online" : "offline"}, module ${module.state} (${module.cause ?? "no cause known"})`;
      }
      case "removed":
        return `${event.deviceId}  is deleted`;
      case "config":
        return `${event.deviceId}  ${event.status}, version ${event.reportedVersion} of ${event.desiredVersion}`;
      case "execution":
        return `${event.deviceId}  ${event.status}, attempt ${event.attempt} of job ${event.jobId}`;
      case "job":
        return `${event.id}  ${event.status}`;
      case "alert":
        return `${event.id}  ${event.severity} ${event.state}`;
      case "reset":
        return "events were missed: what was known before is old";
    }
  };
  return printable(`${moment(event.at)}  ${event.kind.padEnd(9)}  ${words()}`);
}
