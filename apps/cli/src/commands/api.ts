import { type Command, InvalidArgumentError } from "commander";
import { readDocument } from "../documents";
import { UsageError } from "../errors";
import { assignment } from "../options";
import { bytesOf, runInto } from "../output/sink";
import { type Session, withSession } from "../session/session";
import { queryOption } from "./analytics";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
type Method = (typeof METHODS)[number];

interface ApiOptions {
  query?: [string, string][];
  file?: string;
  header?: [string, string][];
  output?: string;
}

/** `fleetctl api`: any operation of the server, by its address. */
export function addApi(program: Command): void {
  program
    .command("api")
    .description("Call any operation of the API (/api/docs of the server lists them), and print its answer as it comes")
    .argument("<method>", METHODS.join(", "), (text: string): Method => {
      const method = METHODS.find((each) => each === text.toUpperCase());
      if (!method) throw new InvalidArgumentError(`It must be one of ${METHODS.join(", ")}.`);
      return method;
    })
    .argument("<path>", "its address, with or without /api/v1/ before it")
    .addOption(queryOption())
    .option("-f, --file <file>", "the body, a document in JSON or YAML; - for standard input")
    .option("-H, --header <name=value>", "another header, such as If-Match; may repeat", collectHeader)
    .option("-o, --output <file>", "where the answer goes instead of standard output")
    .action(withSession(call));
}

function collectHeader(text: string, before: [string, string][] = []): [string, string][] {
  const [name, value] = assignment(text);
  if (name.toLowerCase() === "authorization") throw new InvalidArgumentError("The key is that of the server in use.");
  return [...before, [name.toLowerCase(), value]];
}

async function call(session: Session, method: Method, path: string, options: ApiOptions): Promise<void> {
  const { query = [], file, header = [], output } = options;
  if (/^\w+:\/\//.test(path)) throw new UsageError("the path is an address within the server: choose that with --url");
  const response = await session.client.stream(path.replace(/^\/?(api\/v1\/)?/, ""), {
    method,
    query: Object.fromEntries(query),
    headers: Object.fromEntries(header),
    ...(file !== undefined && { body: await readDocument(file) }),
  });
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  if (isJson && output === undefined) {
    const answer: unknown = await response.json();
    session.output.document(answer, () => JSON.stringify(answer, null, 2));
  } else await runInto(output, bytesOf(response));
}
