import { type ApiKey, type EnrollmentKey, ROLES } from "@mn316-fleet/contracts";
import { type Command, Option } from "commander";
import { future, wholeNumber } from "../options";
import { moment, NONE } from "../output/words";
import { type Session, withSession } from "../session/session";

const MAX_USES = 1_000_000;

/** `fleetctl api-keys`: who may call the API. */
export function addApiKeys(program: Command): void {
  const keys = program.command("api-keys").description("Who may call the API (needs the role admin)");
  keys
    .command("list")
    .alias("ls")
    .description("List keys, without their secrets")
    .action(
      withSession(async (session) =>
        session.output.list<ApiKey>((await session.client.apiKeys.list()).items, [
          { title: "ID", value: ({ id }) => id },
          { title: "NAME", value: ({ name }) => name },
          { title: "ROLE", value: ({ role }) => role },
          { title: "EXPIRES", value: ({ expiresAt }) => moment(expiresAt) },
          { title: "LAST USED", value: ({ lastUsedAt }) => moment(lastUsedAt) },
        ]),
      ),
    );
  keys
    .command("create <name>")
    .description("Create a key and print it, which is shown this once")
    .addOption(new Option("-r, --role <role>", "what it may do").choices(ROLES).makeOptionMandatory())
    .option("--expires <time>", "when it stops working: a time, or in 12h, 90d", future)
    .action(
      withSession(async (session, name: string, { role, expires }: { role: ApiKey["role"]; expires?: string }) => {
        created(session, await session.client.apiKeys.create({ name, role, expiresAt: expires }));
      }),
    );
  keys
    .command("delete <id...>")
    .alias("rm")
    .description("Delete keys: they no longer work")
    .action(withSession((session, ids: string[]) => remove(session, ids, session.client.apiKeys.delete)));
}

/** `fleetctl enrollment-keys`: keys by which agents create their own devices. */
export function addEnrollmentKeys(program: Command): void {
  const keys = program
    .command("enrollment-keys")
    .description("Keys by which agents create their own devices (needs the role admin)");
  keys
    .command("list")
    .alias("ls")
    .description("List keys, without their secrets")
    .action(
      withSession(async (session) =>
        session.output.list<EnrollmentKey>((await session.client.enrollmentKeys.list()).items, [
          { title: "ID", value: ({ id }) => id },
          { title: "NAME", value: ({ name }) => name },
          {
            title: "USES",
            value: ({ uses, maxUses }) => (maxUses === null ? String(uses) : `${uses}/${maxUses}`),
            isRight: true,
          },
          { title: "IMEI", value: ({ imeiPattern }) => imeiPattern ?? NONE },
          { title: "EXPIRES", value: ({ expiresAt }) => moment(expiresAt) },
          { title: "LAST USED", value: ({ lastUsedAt }) => moment(lastUsedAt) },
        ]),
      ),
    );
  keys
    .command("create <name>")
    .description("Create a key and print it, which is shown this once")
    .option("--max-uses <count>", "how many devices it may make", wholeNumber(1, MAX_USES))
    .option("--imei <pattern>", "for which IMEIs, ? for any digit and * for any number of them")
    .option("--expires <time>", "when it stops working: a time, or in 12h, 90d", future)
    .action(
      withSession(
        async (
          session,
          name: string,
          { imei, expires, maxUses }: { imei?: string; expires?: string; maxUses?: number },
        ) => {
          const body = { name, maxUses, imeiPattern: imei, expiresAt: expires };
          created(session, await session.client.enrollmentKeys.create(body));
        },
      ),
    );
  keys
    .command("delete <id...>")
    .alias("rm")
    .description("Delete keys: they enrol no further device; those they made stay")
    .action(withSession((session, ids: string[]) => remove(session, ids, session.client.enrollmentKeys.delete)));
}

function created({ output }: Session, made: { id: string; key: string }): void {
  output.document(made, () =>
    output.fields([
      ["id", made.id],
      ["key", made.key],
    ]),
  );
}

async function remove({ output }: Session, ids: string[], remover: (id: string) => Promise<unknown>): Promise<void> {
  for (const id of ids) await remover(id);
  output.document({ deleted: ids }, () => ids.map((id) => `deleted ${id}`));
}
