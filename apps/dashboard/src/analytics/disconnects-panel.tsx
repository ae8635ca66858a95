import { CAUSES } from "@mn316-fleet/protocol";
import type { Disconnects } from "@mn316-fleet/contracts";
import { useClient } from "../client-context";
import { bucketStarts } from "../common/buckets";
import { useAnalyticsTexts } from "../texts/use-analytics-texts";
import { useTexts } from "../texts/use-texts";
import { Columns } from "./columns";
import { Nothing, Panel } from "./panel";
import type { Question } from "./question";

const COLORS: Record<(typeof CAUSES)[number], string> = {
  requested: "gray",
  "connect-refused": "red",
  "connect-timeout": "grape",
  "heartbeat-lost": "orange",
  "publish-timeout": "blue",
  "subscribe-timeout": "lime",
  "unsubscribe-timeout": "pink",
  "gave-up": "yellow",
  "module-restart": "violet",
  "serial-lost": "indigo",
  "agent-stopped": "teal",
  unknown: "cyan",
};

/** What modules lost their connection by, over time. */
export function DisconnectsPanel({ question, bucket }: { question: Question; bucket: "hour" | "day" }) {
  const client = useClient();
  const { disconnects: texts } = useAnalyticsTexts();
  return (
    <Panel
      title={texts.title}
      path="disconnects"
      isUnknownTold
      query={{ bucket }}
      question={question}
      ask={(query, signal) => client.analytics.disconnects({ ...query, bucket }, { signal })}
    >
      {(answer) => <Course answer={answer} />}
    </Panel>
  );
}

function Course({ answer }: { answer: Disconnects }) {
  const { causes, locale } = useTexts();
  const { disconnects: texts } = useAnalyticsTexts();
  const present = CAUSES.filter((cause) => answer.totals[cause] > 0);
  if (present.length === 0) return <Nothing>{texts.none}</Nothing>;
  const rows = new Map(answer.rows.map((row) => [Date.parse(row.at), row]));
  const part = (cause: (typeof CAUSES)[number], value: number) => ({
    ...{ name: causes[cause], color: COLORS[cause], value },
  });
  const columns = bucketStarts(answer, answer.bucket).map((at) => ({
    key: String(at),
    label: inWords(at, answer.bucket, locale),
    parts: present.map((cause) => part(cause, rows.get(at)?.[cause] ?? 0)),
  }));
  const legend = present.map((cause) => part(cause, answer.totals[cause]));
  return <Columns label={texts.title} columns={columns} heightPx={140} legend={legend} />;
}

/** When a bucket begins. */
export function inWords(at: number, bucket: "hour" | "day", locale: string): string {
  const format = { hour: { hour: "2-digit", minute: "2-digit" }, day: { day: "numeric", month: "short" } } as const;
  return new Date(at).toLocaleString(locale, format[bucket]);
}
