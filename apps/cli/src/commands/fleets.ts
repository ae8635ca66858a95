import type { Fleet } from "@mn316-fleet/contracts";
import type { Command } from "commander";
import { moment } from "../output/words";
import { withSession } from "../session/session";

/** `fleetctl fleets`: the tenants of the installation. */
export function addFleets(program: Command): void {
  const fleets = program
    .command("fleets")
    .description("The fleets of the installation (needs the role admin in its host)");
  fleets
    .command("list")
    .alias("ls")
    .description("List them, the host first")
    .action(
      withSession(async (session) =>
        session.output.list<Fleet>((await session.client.fleets.list()).items, [
          { title: "ID", value: ({ id }) => id },
          { title: "NAME", value: ({ name }) => name },
          { title: "HOST", value: ({ isHost }) => (isHost ? "yes" : "no") },
          { title: "CREATED", value: ({ createdAt }) => moment(createdAt) },
        ]),
      ),
    );
  fleets
    .command("create <name>")
    .description("Create a fleet and print its first admin key, which is shown this once")
    .action(
      withSession(async ({ client, output }, name: string) => {
        const made = await client.fleets.create({ name });
        output.document(made, () =>
          output.fields([
            ["id", made.id],
            ["name", made.name],
            ["key", made.key],
          ]),
        );
      }),
    );
  fleets
    .command("rename <id> <name>")
    .description("Rename a fleet: its people sign in by the new name")
    .action(
      withSession(async ({ client, output }, id: string, name: string) => {
        const renamed = await client.fleets.rename(id, { name });
        output.document(renamed, () => [`${id} is ${renamed.name} now`]);
      }),
    );
  fleets
    .command("delete <id...>")
    .alias("rm")
    .description("Delete fleets that have no devices, with their keys, people and rules")
    .action(
      withSession(async ({ client, output }, ids: string[]) => {
        for (const id of ids) await client.fleets.delete(id);
        output.document({ deleted: ids }, () => ids.map((id) => `deleted ${id}`));
      }),
    );
}
