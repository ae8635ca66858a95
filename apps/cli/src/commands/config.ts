import { pagesOf } from "@mn316-fleet/client";
import type { ConfigChange, ConfigState, ConfigVersion } from "@mn316-fleet/contracts";
import type { Command } from "commander";
import { stringify } from "yaml";
import { deviations, differences } from "../differences";
import { documentOf, readDocument } from "../documents";
import { UsageError } from "../errors";
import { deviceId, first } from "../lookup";
import { wholeNumber } from "../options";
import { printable } from "../output/printable";
import { inLine, moment } from "../output/words";
import { type Session, withSession } from "../session/session";

const IF_VERSION = "only if this is still the version";
const version = wholeNumber(1, 2_147_483_647);

/** `fleetctl config`: what one device is to be configured with. */
export function addConfig(program: Command): void {
  const config = program.command("config").description("The configuration of a device");
  config
    .command("get <device>")
    .description("Show what a device is to be configured with, and how far it is")
    .action(withSession((session, given: string) => show(session, given)));
  config
    .command("explain <device>")
    .description("Show where each value comes from: a profile, the device's own settings, the default")
    .action(withSession(explainConfig));
  config
    .command("set <device>")
    .description("Replace the device's own settings by a document in JSON or YAML, - for standard input")
    .requiredOption("-f, --file <file>", "the document")
    .option("--if-version <version>", IF_VERSION, version)
    .action(
      withSession(async (session, given: string, { file, ifVersion }: { file: string; ifVersion?: number }) => {
        const document = await readDocument(file);
        written(session, await session.client.config.put(await deviceId(session.client, given), document, ifVersion));
      }),
    );
  config
    .command("patch <device> [assignments...]")
    .description("Merge into the device's own settings: mqtt.keepAliveS=120, null takes a field away")
    .option("-f, --file <file>", "a merge patch in JSON or YAML instead")
    .option("--if-version <version>", IF_VERSION, version)
    .action(withSession(patch));
  config
    .command("clear <device>")
    .description("Remove the device's own settings; its profiles hold alone")
    .option("--if-version <version>", IF_VERSION, version)
    .action(
      withSession(async (session, given: string, { ifVersion }: { ifVersion?: number }) => {
        written(session, await session.client.config.delete(await deviceId(session.client, given), ifVersion));
      }),
    );
  config
    .command("history <device>")
    .description("List the versions of a configuration, newest first, with author and changes")
    .option("-n, --limit <count>", "so many at most", wholeNumber(1))
    .action(withSession(history));
  config
    .command("diff <device> [from] [to]")
    .description("Compare what the module holds with what is asked of it, or a version with another or with the latest")
    .action(withSession(diff));
  config
    .command("revert <device> <version>")
    .description("Make a former version's document the device's own settings")
    .option("--if-version <version>", IF_VERSION, version)
    .action(
      withSession(async (session, given: string, former: string, { ifVersion }: { ifVersion?: number }) => {
        const id = await deviceId(session.client, given);
        written(session, await session.client.configVersions.revert(id, version(former), ifVersion));
      }),
    );
}

async function show(session: Session, given: string): Promise<void> {
  const state = await session.client.config.get(await deviceId(session.client, given));
  session.output.document(state, () => [
    ...summary(session, state),
    "",
    state.desired === null ? "nothing is asked for" : printable(stringify(state.desired).trimEnd()),
  ]);
}

async function explainConfig(session: Session, given: string): Promise<void> {
  const { explain = [] } = await session.client.config.get(await deviceId(session.client, given), { explain: true });
  await session.output.list(explain, [
    { title: "FIELD", value: ({ path }) => path },
    { title: "VALUE", value: ({ value }) => inLine(value) },
    { title: "FROM", value: ({ from }) => ("name" in from ? `${from.kind} ${from.name}` : from.kind) },
  ]);
}

async function patch(
  session: Session,
  given: string,
  assignments: string[],
  { file, ifVersion }: { file?: string; ifVersion?: number },
): Promise<void> {
  if ((file === undefined) === (assignments.length === 0))
    throw new UsageError("give either assignments such as mqtt.keepAliveS=120, or --file");
  const document = file === undefined ? documentOf(assignments) : await readDocument(file);
  written(session, await session.client.config.patch(await deviceId(session.client, given), document, ifVersion));
}

async function history(session: Session, given: string, { limit }: { limit?: number }): Promise<void> {
  const id = await deviceId(session.client, given);
  const versions = pagesOf(session.client.configVersions.list, id);
  await session.output.list<ConfigVersion>(first(limit, versions), [
    { title: "VERSION", value: (each) => String(each.version), isRight: true },
    { title: "AT", value: ({ at }) => moment(at) },
    { title: "AUTHOR", value: ({ author }) => author },
    { title: "SOURCE", value: ({ source }) => [source.kind, source.name ?? source.version].filter(Boolean).join(" ") },
    { title: "CHANGES", value: ({ changes }) => changes.map(({ path }) => path).join(" ") },
  ]);
}

async function diff(session: Session, given: string, from?: string, to?: string): Promise<void> {
  const { client, output } = session;
  const id = await deviceId(client, given);
  const documentOfVersion = async (text: string) => (await client.configVersions.get(id, version(text))).document;
  const state = await client.config.get(id);
  const changes =
    from === undefined
      ? deviations(state)
      : differences(await documentOfVersion(from), to === undefined ? state.desired : await documentOfVersion(to));
  output.document(changes, () =>
    changes.length === 0
      ? "no difference"
      : changes.flatMap((change) => [
          ...("from" in change ? [output.paint("red", printable(`- ${line(change, "from")}`))] : []),
          ...("to" in change ? [output.paint("green", printable(`+ ${line(change, "to")}`))] : []),
        ]),
  );
}

const line = (change: ConfigChange, side: "from" | "to") => `${change.path}: ${JSON.stringify(change[side])}`;

function written(session: Session, state: ConfigState): void {
  session.output.document(state, () => summary(session, state));
}

function summary(
  { output }: Session,
  { version: number, status, reason, errors = [], warnings = [] }: ConfigState,
): string[] {
  const told = (colour: "red" | "yellow", word: string, list: typeof errors) =>
    list.map(({ path, message }) => output.paint(colour, printable(`${word}: ${path}: ${message}`)));
  return [
    ...output.fields([
      ["version", String(number)],
      ["status", status + (reason === undefined ? "" : ` (${reason})`)],
    ]),
    ...told("red", "error", errors),
    ...told("yellow", "warning", warnings),
  ];
}
