import { pages } from "@mn316-fleet/client";
import type { Page } from "@mn316-fleet/contracts";
import type { Command } from "commander";
import { UsageError } from "../errors";
import { deviceId } from "../lookup";
import { time } from "../options";
import { bytesOf, runInto } from "../output/sink";
import { type Session, withSession } from "../session/session";
import { queryOf, queryOption } from "./analytics";

interface ExportOptions {
  device?: string;
  from?: string;
  to?: string;
  format?: string;
  query?: [string, string][];
  output?: string;
}

/** `fleetctl export`: whole lists, with constant memory. */
export function addExport(program: Command): void {
  program
    .command("export <what>")
    .description(
      "Write a whole list (devices, jobs, profiles; events, intervals, link-sessions of a device) as NDJSON,\nor what the server itself exports in its formats",
    )
    .option("-d, --device <device>", "of one device, by id, name or IMEI")
    .option("--from <time>", "not before; 24h and 7d mean so long ago", time)
    .option("--to <time>", "before", time)
    .option("--format <format>", "of the server's own exports, such as csv; ndjson unless given")
    .addOption(queryOption())
    .option("-o, --output <file>", "where to instead of standard output; it is there only once it is whole")
    .action(withSession(exportList));
}

async function exportList(session: Session, what: string, options: ExportOptions): Promise<void> {
  const { device, format, query = [], output, ...range } = options;
  const { client } = session;
  const { paths } = await client.openApi();
  const id = device === undefined ? undefined : await deviceId(client, device);
  const given = { ...range, ...Object.fromEntries(query) };
  const own = `export/${what}`;
  if (paths[`/api/v1/${own}`]?.get) {
    const response = await client.stream(own, { query: { format: format ?? "ndjson", deviceId: id, ...given } });
    await runInto(output, bytesOf(response));
    return;
  }
  if (format !== undefined && format !== "ndjson")
    throw new UsageError(`the server has no export of "${what}" of its own: --format can only be ndjson`);
  const isList = (list: string) => {
    const operation = paths[`/api/v1/${list}`]?.get;
    return operation !== undefined && queryOf(operation).includes("cursor");
  };
  const template = id === undefined ? what : `devices/{id}/${what}`;
  if (!isList(template))
    throw new UsageError(
      id === undefined && isList(`devices/{id}/${what}`)
        ? `"${what}" are of a device: name it with --device`
        : `there is no list "${what}"`,
    );
  const path = template.replace("{id}", id ?? "");
  const list = (page: object = {}) => client.request<Page<unknown>>(path, { query: { ...page, ...given } });
  await runInto(output, linesOf(pages(list)));
}

async function* linesOf(items: AsyncIterable<unknown>): AsyncGenerator<string, void, undefined> {
  for await (const item of items) yield `${JSON.stringify(item)}\n`;
}
