import { CAUSES } from "@mn316-fleet/protocol";
import type { Disconnects } from "@mn316-fleet/contracts";
import { useClient } from "../client-context";
import { bucketInWords, bucketStarts } from "../common/buckets";
import { useAnalyticsTexts } from "../texts/use-analytics-texts";
import { useTexts } from "../texts/use-texts";
import { causeColor } from "./cause-colors";
import { Columns } from "./columns";
import { Nothing, Panel } from "./panel";
import type { Question } from "./question";

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
    ...{ name: causes[cause], color: causeColor(cause), value },
  });
  const columns = bucketStarts(answer, answer.bucket).map((at) => ({
    key: String(at),
    label: bucketInWords(at, answer.bucket, locale),
    parts: present.map((cause) => part(cause, rows.get(at)?.[cause] ?? 0)),
  }));
  const legend = present.map((cause) => part(cause, answer.totals[cause]));
  return <Columns label={texts.title} columns={columns} heightPx={140} legend={legend} />;
}
