import { pages } from "@mn316-fleet/client";
import type { Profile, ProfileEffect, WriteProfileInput } from "@mn316-fleet/contracts";
import type { Command } from "commander";
import { stringify } from "yaml";
import { readDocument } from "../documents";
import { UsageError } from "../errors";
import { profileId, profilesNamed } from "../lookup";
import { printable } from "../output/printable";
import { inLine, moment } from "../output/words";
import { type Session, withSession } from "../session/session";

const DRY_RUN = "say what it would do to devices, and do nothing";

/** `fleetctl profiles`: layers of configuration for many devices. */
export function addProfiles(program: Command): void {
  const profiles = program.command("profiles").alias("profile").description("Configuration for many devices");
  profiles
    .command("list")
    .alias("ls")
    .description("List profiles, the strongest first")
    .action(
      withSession((session) =>
        session.output.list<Profile>(pages(session.client.profiles.list), [
          { title: "ID", value: ({ id }) => id },
          { title: "NAME", value: ({ name }) => name },
          { title: "PRIORITY", value: ({ priority }) => String(priority), isRight: true },
          { title: "SELECTOR", value: ({ selector }) => inLine(selector) },
          { title: "VERSION", value: ({ version }) => String(version), isRight: true },
          { title: "CHANGED", value: ({ updatedAt, updatedBy }) => `${moment(updatedAt)} by ${updatedBy}` },
        ]),
      ),
    );
  profiles
    .command("show <profile>")
    .description("Show a profile, by id or name, and how far its devices are")
    .action(
      withSession(async (session, given: string) => {
        const profile = await session.client.profiles.get(await profileId(session.client, given));
        session.output.document(profile, () => printable(stringify(profile).trimEnd()));
      }),
    );
  profiles
    .command("apply")
    .description("Create a profile from a document in JSON or YAML, or replace the one of that name")
    .requiredOption("-f, --file <file>", "name, selector, priority, description and template; - for standard input")
    .option("--dry-run", DRY_RUN)
    .action(withSession(apply));
  profiles
    .command("delete <profile>")
    .alias("rm")
    .description("Delete a profile; its devices are configured without it")
    .option("--dry-run", DRY_RUN)
    .action(
      withSession(async (session, given: string, { dryRun = false }: { dryRun?: boolean }) => {
        const removed = await session.client.profiles.delete(await profileId(session.client, given), { dryRun });
        session.output.document(removed, () => effectLines(session, removed.effect, dryRun));
      }),
    );
}

async function apply(session: Session, { file, dryRun = false }: { file: string; dryRun?: boolean }): Promise<void> {
  const document = await readDocument(file);
  if (typeof document.name !== "string") throw new UsageError(`${file}: name: is missing`);
  const { client, output } = session;
  const [id] = await profilesNamed(client, document.name);
  // The server judges the document: its answer names every field that is wrong.
  const body = document as unknown as WriteProfileInput;
  let version: number | undefined;
  if (id !== undefined && !dryRun) ({ version } = await client.profiles.get(id));
  const profile =
    id === undefined
      ? await client.profiles.create(body, { dryRun })
      : await client.profiles.put(id, body, { dryRun, version });
  output.document(profile, () => [
    `${dryRun ? "would be " : ""}${id === undefined ? "created" : "replaced"}: ${profile.name}${dryRun ? "" : ` (${profile.id}, version ${profile.version})`}`,
    ...effectLines(session, profile.effect, dryRun),
  ]);
}

function effectLines({ output }: Session, effect: ProfileEffect, isDry: boolean): string[] {
  const { devices, examined, changed, rejected, samples } = effect;
  const of = examined < devices ? ` (the first ${examined} looked at)` : "";
  const verb = isDry ? "would be" : "are";
  return [
    `${devices} devices${of}: ${changed} ${verb} configured anew, ${rejected} keep what they have`,
    ...samples
      .filter(({ outcome }) => outcome === "rejected")
      .flatMap(({ name, errors = [] }) =>
        errors.map(({ path, message }) => output.paint("red", printable(`  ${name}: ${path}: ${message}`))),
      ),
  ];
}
