import { SimpleGrid, Skeleton, Stack } from "@mantine/core";
import type { ConnectLatency } from "@mn316-fleet/contracts";
import { lazy, Suspense } from "react";
import { useClient } from "../client-context";
import { useAnalyticsTexts } from "../texts/use-analytics-texts";
import { inLatency } from "./latency";
import { Figure, Nothing, Panel } from "./panel";
import type { Question } from "./question";

const LatencyChart = lazy(() => import("./latency-chart"));

/** How long it takes until a module is connected. */
export function LatencyPanel({ question, bucket }: { question: Question; bucket: "hour" | "day" }) {
  const client = useClient();
  const { latency: texts } = useAnalyticsTexts();
  return (
    <Panel
      title={texts.title}
      hint={texts.hint}
      path="connect-latency"
      query={{ bucket }}
      question={question}
      ask={(query, signal) => client.analytics.connectLatency({ ...query, bucket }, { signal })}
    >
      {(answer) => (answer.connects === 0 ? <Nothing>{texts.none}</Nothing> : <Latencies answer={answer} />)}
    </Panel>
  );
}

function Latencies({ answer }: { answer: ConnectLatency }) {
  const { latency: texts } = useAnalyticsTexts();
  return (
    <Stack gap="xs">
      <SimpleGrid cols={4}>
        <Figure label={texts.connects} value={String(answer.connects)} />
        <Figure label="p50" value={inLatency(answer.p50Ms)} />
        <Figure label="p90" value={inLatency(answer.p90Ms)} />
        <Figure label="p99" value={inLatency(answer.p99Ms)} />
      </SimpleGrid>
      {answer.rows.length > 1 && (
        <Suspense fallback={<Skeleton h={140} />}>
          <LatencyChart answer={answer} label={texts.title} />
        </Suspense>
      )}
    </Stack>
  );
}
