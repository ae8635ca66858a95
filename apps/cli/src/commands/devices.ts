import { pages } from "@mn316-fleet/client";
import { CONFIG_STATUSES, type Device } from "@mn316-fleet/contracts";
import { type Command, Option } from "commander";
import { UsageError } from "../errors";
import { deviceId, first } from "../lookup";
import { wholeNumber } from "../options";
import type { Column } from "../output/table";
import { inLine, moment, NONE } from "../output/words";
import { type Session, withSession } from "../session/session";
import { addImport } from "./devices-import";

interface ListOptions {
  q?: string;
  tag?: string;
  state?: Device["module"]["state"];
  config?: Device["config"]["status"];
  online?: boolean;
  offline?: boolean;
  limit?: number;
}

/** `fleetctl devices`: the register. */
export function addDevices(program: Command): void {
  const devices = program.command("devices").alias("device").description("The register of devices");
  devices
    .command("list")
    .alias("ls")
    .description("List devices")
    .option("-q, --q <text>", "text within name or IMEI")
    .option("-t, --tag <tag>", "that have this tag")
    .option("--state <state>", "whose module is in this state")
    .addOption(new Option("--config <status>", "how far their configuration is").choices(CONFIG_STATUSES))
    .addOption(new Option("--online", "whose agent is connected").conflicts("offline"))
    .option("--offline", "whose agent is not connected")
    .option("-n, --limit <count>", "so many at most", wholeNumber(1))
    .action(
      withSession((session, { limit, online, offline, ...query }: ListOptions) =>
        session.output.list(
          first(
            limit,
            pages(session.client.devices.list, { ...query, online: online ? "true" : offline ? "false" : undefined }),
          ),
          columns(session),
        ),
      ),
    );
  devices
    .command("show <device>")
    .description("Show one device, by id, name or IMEI")
    .action(
      withSession(async (session, given: string) => {
        const device = await session.client.devices.get(await deviceId(session.client, given));
        session.output.document(device, () => describe(session, device));
      }),
    );
  devices
    .command("create <name>")
    .description("Create a device and print its token, which is shown this once")
    .option("--imei <imei>", "of its module")
    .option("-t, --tag <tag...>", "its tags")
    .option("--time-zone <zone>", "where it is, such as Asia/Shanghai")
    .action(
      withSession(
        async (session, name: string, { tag, ...rest }: { imei?: string; tag?: string[]; timeZone?: string }) => {
          const device = await session.client.devices.create({ name, ...rest, ...(tag && { tags: tag }) });
          session.output.document(device, () =>
            session.output.fields([
              ["id", device.id],
              ["token", device.token],
            ]),
          );
        },
      ),
    );
  addImport(devices);
  devices
    .command("tag <device> <changes...>")
    .description("Change tags: +north adds one, ~north takes one away, and without a sign they are replaced")
    .action(withSession(tag));
  devices
    .command("rotate-token <device>")
    .description("Make another token and print it, which is shown this once")
    .option("--overlap <seconds>", "how long the former one still works, an hour unless given", wholeNumber(0, 604_800))
    .action(
      withSession(async (session, given: string, { overlap }: { overlap?: number }) => {
        const token = await session.client.devices.rotateToken(await deviceId(session.client, given), overlap);
        session.output.document(token, () =>
          session.output.fields([
            ["token", token.token],
            ["former one works until", moment(token.previousValidUntil)],
            ["handed to the agent", token.isPushed ? "yes" : "no: carry it there"],
          ]),
        );
      }),
    );
  devices
    .command("delete <device...>")
    .alias("rm")
    .description("Delete devices with their tokens, configurations and executions, and cut their agents off")
    .action(
      withSession(async (session, given: string[]) => {
        // All are looked up before the first is gone: a wrong name deletes nothing.
        const ids: string[] = [];
        for (const each of given) ids.push(await deviceId(session.client, each));
        for (const id of ids) await session.client.devices.delete(id);
        session.output.document({ deleted: ids }, () => ids.map((id) => `deleted ${id}`));
      }),
    );
}

async function tag(session: Session, given: string, changes: string[]): Promise<void> {
  const signs = new Set(changes.map((change) => /^[+~]/.test(change)));
  if (signs.size > 1) throw new UsageError("tags are either changed (+north ~south) or replaced (north south)");
  const id = await deviceId(session.client, given);
  let tags = changes;
  if (signs.has(true)) {
    const kept = new Set((await session.client.devices.get(id)).tags);
    for (const change of changes)
      if (change.startsWith("+")) kept.add(change.slice(1));
      else kept.delete(change.slice(1));
    tags = [...kept];
  }
  const device = await session.client.devices.update(id, { tags });
  session.output.document(device, () => `tags: ${device.tags.join(" ") || NONE}`);
}

const columns = ({ output }: Session): Column<Device>[] => [
  { title: "ID", value: ({ id }) => id },
  { title: "NAME", value: ({ name }) => name },
  { title: "IMEI", value: ({ imei }) => imei ?? NONE },
  {
    title: "LINK",
    value: ({ link }) => (link.online ? "online" : "offline"),
    paint: (text, { link }) => output.paint(link.online ? "green" : "red", text),
  },
  {
    title: "MODULE",
    value: (device) => device.module.state,
    paint: (text, device) => output.paint(device.module.state === "connected" ? "green" : "yellow", text),
  },
  { title: "DBM", value: (device) => inLine(device.module.signalDbm), isRight: true },
  { title: "CONFIG", value: ({ config }) => config.status },
  { title: "TAGS", value: ({ tags }) => tags.join(" ") },
];

function describe({ output }: Session, device: Device): string[] {
  const { link, module, config } = device;
  const dbm = module.signalDbm === null ? "" : `, ${module.signalDbm} dBm`;
  return output.fields([
    ["id", device.id],
    ["name", device.name],
    ["IMEI", device.imei ?? NONE],
    ["tags", device.tags.join(" ") || NONE],
    ["time zone", device.timeZone ?? NONE],
    ["link", `${link.online ? "online" : "offline"} since ${moment(link.since)}`],
    ["module", `${module.state} since ${moment(module.since)} (${module.cause ?? "no cause known"})${dbm}`],
    ["configuration", `${config.status}, version ${config.reportedVersion} of ${config.desiredVersion}`],
    ["agent", device.agentVersion ?? NONE],
    ["created", moment(device.createdAt)],
  ]);
}
