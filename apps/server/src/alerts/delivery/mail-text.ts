import type { NotificationPayload } from "../evaluation/telling.store";

/** A notification as a mail: what happened in the subject, a line an alert in the text. */
export function mailOf({ type, data }: NotificationPayload): { subject: string; text: string } {
  const { rule, alerts, total } = data;
  const what = type === "alerts.firing" ? rule.severity.toUpperCase() : "OVER";
  const [first] = alerts;
  const headline = total === 1 && first ? first.summary.text : `${rule.name}: ${total} alerts`;
  const lines = alerts.map(({ id, summary, resolvedAt, resolution }) =>
    [
      `- ${summary.text}`,
      ...(resolvedAt === null ? [] : [`  over at ${resolvedAt} (${resolution})`]),
      `  alert ${id}`,
    ].join("\n"),
  );
  const more = total > alerts.length ? [`… and ${total - alerts.length} more.`] : [];
  return {
    subject: `[${what}] ${headline}`,
    text: [`Rule: ${rule.name} (${rule.kind}, ${rule.severity})`, "", ...lines, ...more, ""].join("\n"),
  };
}
