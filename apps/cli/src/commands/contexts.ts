import type { Command } from "commander";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { readText } from "../documents";
import { UsageError } from "../errors";
import { Connection } from "../session/connection";
import { checkUrl, contextFilePath, readContexts, writeContexts } from "../session/contexts";
import { type Session, withSession } from "../session/session";

/** `fleetctl login`, `use`, `contexts`, `logout`: several servers, each with a key. */
export function addContexts(program: Command): void {
  program
    .command("login [name]")
    .description("Keep the address (--url) and the key of a server, and use it from now on")
    .addHelpText(
      "after",
      "\nThe key is asked for, or read from FLEET_KEY or from what is piped in; never from an argument, which others can see.",
    )
    .action(withSession(login));
  program
    .command("use <name>")
    .description("Use another of the servers that are kept")
    .action(
      withSession((session, name: string) => {
        const file = readContexts();
        checkKnown(file.contexts, name);
        writeContexts({ ...file, current: name });
        session.output.document({ current: name }, () => `using ${name}`);
        return Promise.resolve();
      }),
    );
  program
    .command("contexts")
    .description("List the servers that are kept")
    .action(
      withSession((session) => {
        const { contexts, current } = readContexts();
        const rows = Object.entries(contexts).map(([name, { url }]) => ({ name, url, isCurrent: name === current }));
        return session.output.list(rows, [
          { title: "", value: ({ isCurrent }) => (isCurrent ? "*" : "") },
          { title: "NAME", value: ({ name }) => name },
          { title: "URL", value: ({ url }) => url },
        ]);
      }),
    );
  program
    .command("logout <name>")
    .description("Forget a server and its key; the key itself goes on working until it is deleted")
    .action(
      withSession((session, name: string) => {
        const { contexts, current } = readContexts();
        checkKnown(contexts, name);
        const kept = Object.fromEntries(Object.entries(contexts).filter(([each]) => each !== name));
        writeContexts({ contexts: kept, ...(current !== undefined && current !== name && { current }) });
        session.output.document({ forgotten: name }, () => `forgot ${name}`);
        return Promise.resolve();
      }),
    );
}

function checkKnown(contexts: object, name: string): void {
  if (Object.hasOwn(contexts, name)) return;
  throw new UsageError(`there is no server "${name}"; known are ${Object.keys(contexts).join(", ") || "none"}`);
}

async function login(session: Session, name: string | undefined): Promise<void> {
  const address = session.options.url ?? process.env.FLEET_URL;
  if (!address) throw new UsageError("which server? give --url http(s)://host:port");
  const url = checkUrl(address);
  const kept = name ?? new URL(url).host;
  if (!/^[\w.:-]+$/.test(kept) || kept === "__proto__")
    throw new UsageError("a name holds letters, digits, '.', ':', '_' or '-'");
  const key = (await readKey()).trim();
  if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError("a key is needed: printable characters without spaces");
  if (url.startsWith("http://") && !["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname))
    session.output.note("warning: the key travels in clear to this address; https would hide it");
  // A key that does not work is told now, not by the next command.
  const { devices } = await new Connection({ url, key }).client.fleet.counts();
  const file = readContexts();
  writeContexts({ current: kept, contexts: { ...file.contexts, [kept]: { url, key } } });
  session.output.document(
    { name: kept, url, devices },
    () => `using ${kept} (${devices} devices); kept in ${contextFilePath()}`,
  );
}

function readKey(): Promise<string> {
  const { FLEET_KEY: key } = process.env;
  if (key !== undefined && key !== "") return Promise.resolve(key);
  return process.stdin.isTTY ? askForKey() : readText("-");
}

/** What is typed is not shown. */
function askForKey(): Promise<string> {
  process.stderr.write("API key: ");
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve, reject) => {
    lines.question("", (answer) => {
      resolve(answer);
      lines.close();
    });
    lines.once("close", () => {
      process.stderr.write("\n");
      reject(new UsageError("no key was given")); // nothing, where it was answered
    });
  });
}
