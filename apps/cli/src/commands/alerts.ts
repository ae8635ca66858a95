import { pages } from "@mn316-fleet/client";
import { type Alert, ALERT_STATES, type AlertDetail, SEVERITIES } from "@mn316-fleet/contracts";
import { type Command, Option } from "commander";
import { deviceId, first } from "../lookup";
import { wholeNumber } from "../options";
import type { Column } from "../output/table";
import { moment, NONE } from "../output/words";
import { type Session, withSession } from "../session/session";

interface ListOptions {
  state: Alert["state"] | "open" | "all";
  severity?: Alert["severity"];
  device?: string;
  limit?: number;
}

/** `fleetctl alerts`: what is wrong, and who has taken it on. */
export function addAlerts(program: Command): void {
  const alerts = program.command("alerts").alias("alert").description("What is or was wrong, and who has taken it on");
  alerts
    .command("list")
    .alias("ls")
    .description("List alerts, the newest first")
    .addOption(new Option("--state <state>", "in this state").choices(["open", "all", ...ALERT_STATES]).default("open"))
    .addOption(new Option("--severity <severity>", "that are so severe").choices(SEVERITIES))
    .option("-d, --device <device>", "that concern this device, by id, name or IMEI")
    .option("-n, --limit <count>", "so many at most", wholeNumber(1))
    .action(
      withSession(async (session, { state, severity, device, limit }: ListOptions) => {
        const id = device === undefined ? undefined : await deviceId(session.client, device);
        const query = { severity, deviceId: id, state: state === "all" ? undefined : state };
        await session.output.list(first(limit, pages(session.client.alerts.list, query)), columns(session));
      }),
    );
  alerts
    .command("show <alert>")
    .description("Show one alert, by id, and who was told of it")
    .action(
      withSession(async (session, id: string) => {
        const alert = await session.client.alerts.get(id);
        session.output.document(alert, () => describe(session, alert));
      }),
    );
  alerts
    .command("acknowledge <alert...>")
    .alias("ack")
    .description("Take alerts on, by id; whoever was first stays")
    .option("--note <text>", "for the others")
    .action(
      withSession(async (session, ids: string[], { note }: { note?: string }) => {
        const acknowledged: Alert[] = [];
        for (const id of ids) acknowledged.push(await session.client.alerts.acknowledge(id, note));
        session.output.document(acknowledged, () =>
          acknowledged.map(({ id, state, acknowledgedBy }) => `${id}: ${state}, taken on by ${acknowledgedBy ?? NONE}`),
        );
      }),
    );
}

const COLOURS = { info: "cyan", warning: "yellow", critical: "red" } as const;

const columns = ({ output }: Session): Column<Alert>[] => [
  { title: "ID", value: ({ id }) => id },
  {
    title: "SEVERITY",
    value: ({ severity }) => severity,
    paint: (text, { severity }) => output.paint(COLOURS[severity], text),
  },
  { title: "STATE", value: ({ state }) => state },
  { title: "SINCE", value: ({ since }) => moment(since) },
  { title: "DEVICES", value: ({ devices }) => String(devices), isRight: true },
  { title: "RULE", value: ({ rule }) => rule },
  { title: "WHAT", value: ({ summary }) => summary.text },
];

function describe({ output }: Session, alert: AlertDetail): string[] {
  const { acknowledgedBy, acknowledgedAt, note, resolvedAt, resolution } = alert;
  const told = alert.notifications.map(({ channel, state, type }) => `${type} to ${channel}: ${state}`);
  return output.fields([
    ["id", alert.id],
    ["rule", alert.rule],
    ["severity", alert.severity],
    ["state", alert.isSilenced ? `${alert.state}, silenced` : alert.state],
    ["what", alert.summary.text],
    ["devices", String(alert.devices)],
    ["since", moment(alert.since)],
    ["fired", moment(alert.firedAt)],
    ["taken on", acknowledgedBy === null ? NONE : `by ${acknowledgedBy} at ${moment(acknowledgedAt)}`],
    ["note", note ?? NONE],
    ["over", resolvedAt === null ? NONE : `${resolution ?? NONE} at ${moment(resolvedAt)}`],
    ["told", told.join(", ") || NONE],
  ]);
}
