import type { OpenApiDocument } from "@mn316-fleet/client";
import { type Command, Option } from "commander";
import { UsageError } from "../errors";
import { deviceId } from "../lookup";
import { assignment, time } from "../options";
import { anyDocumentLines } from "../output/any-document";
import { type Session, withSession } from "../session/session";

const PREFIX = "/api/v1/analytics/";

interface AnalyticsOptions {
  from?: string;
  to?: string;
  tag?: string;
  device?: string;
  query?: [string, string][];
}

/** `fleetctl analytics`: whatever questions the server answers below `/analytics`. */
export function addAnalytics(program: Command): void {
  program
    .command("analytics [question]")
    .description("Ask how the fleet was: without a question, list those that the server answers")
    .option("--from <time>", "not before; 24h and 7d mean so long ago", time)
    .option("--to <time>", "before", time)
    .option("-t, --tag <tag>", "devices with this tag")
    .option("-d, --device <device>", "one device, by id, name or IMEI")
    .addOption(queryOption())
    .action(
      withSession((session, question: string | undefined, options: AnalyticsOptions) =>
        question === undefined ? listQuestions(session) : ask(session, question, options),
      ),
    );
}

/** `-q name=value`, for whatever an operation takes. */
export function queryOption(): Option {
  return new Option("-q, --query <name=value>", "another parameter of the operation; may repeat").argParser(
    (text, before: [string, string][] | undefined) => [...(before ?? []), assignment(text)],
  );
}

async function questions(session: Session): Promise<{ name: string; parameters: string[] }[]> {
  const { paths } = await session.client.openApi();
  return Object.entries(paths).flatMap(([path, { get }]) =>
    get && path.startsWith(PREFIX) ? [{ name: path.slice(PREFIX.length), parameters: queryOf(get) }] : [],
  );
}

type Operation = NonNullable<OpenApiDocument["paths"][string]["get"]>;

/** What an operation takes in its query. */
export function queryOf({ parameters }: Operation): string[] {
  return (parameters ?? []).filter((parameter) => parameter.in === "query").map(({ name }) => name);
}

async function listQuestions(session: Session): Promise<void> {
  await session.output.list(await questions(session), [
    { title: "QUESTION", value: ({ name }) => name },
    { title: "PARAMETERS", value: ({ parameters }) => parameters.join(" ") },
  ]);
}

async function ask(session: Session, question: string, options: AnalyticsOptions): Promise<void> {
  const { query = [], device, ...range } = options;
  const known = (await questions(session)).map(({ name }) => name);
  if (!known.includes(question))
    throw new UsageError(`the server does not answer "${question}"; it answers ${known.join(", ")}`);
  const answer = await session.client.request(`analytics/${question}`, {
    query: {
      ...range,
      ...(device !== undefined && { deviceId: await deviceId(session.client, device) }),
      ...Object.fromEntries(query),
    },
  });
  const lines = session.output.isJson ? [] : await anyDocumentLines(answer);
  session.output.document(answer, () => lines);
}
