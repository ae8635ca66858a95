import { Button, Group, SegmentedControl, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { PageHeading } from "../common/page-heading";
import { useAnalyticsTexts } from "../texts/use-analytics-texts";
import { useTexts } from "../texts/use-texts";
import { AdvicePanel } from "./advice-panel";
import { DisconnectsPanel } from "./disconnects-panel";
import { HeatMapPanel } from "./heat-map-panel";
import { IncidentsPanel } from "./incidents-panel";
import { LatencyPanel } from "./latency-panel";
import { OutageTimeLine } from "./outage-time-line";
import { OutagesPanel } from "./outages-panel";
import { type AnalyticsSearch, type Span, useQuestion } from "./question";

const route = getRouteApi("/analytics");

/** Devices that the time line has lanes for. */
const LANES = 16;

/** Why and how often modules were away, and what to do about it. */
export function AnalyticsPage() {
  const texts = useAnalyticsTexts();
  const { bucket, question } = useQuestion();
  return (
    <Stack>
      <PageHeading title={texts.title} />
      <QuestionForm />
      <OutagesPanel question={question} />
      <OutageTimeLine question={question} shown={LANES} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <DisconnectsPanel question={question} bucket={bucket} />
        <HeatMapPanel question={question} />
        <LatencyPanel question={question} bucket={bucket} />
        <IncidentsPanel question={question} />
      </SimpleGrid>
      <AdvicePanel question={question} />
    </Stack>
  );
}

function QuestionForm() {
  const texts = useAnalyticsTexts();
  const { filters } = useTexts();
  const { span = "week", tag = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState(tag);
  const change = (search: AnalyticsSearch) => {
    void navigate({ search, replace: true, resetScroll: false });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        change({ span, ...(typed.trim() !== "" && { tag: typed.trim() }) });
      }}
    >
      <Group align="flex-end">
        <SegmentedControl
          aria-label={texts.span}
          value={span}
          data={Object.entries(texts.spans).map(([value, label]) => ({ value, label }))}
          onChange={(value) => {
            change({ span: value as Span, ...(tag !== "" && { tag }) });
          }}
        />
        <TextInput
          label={texts.tag}
          placeholder={filters.all}
          pattern="[\w.:\-]{1,64}"
          value={typed}
          onChange={({ currentTarget: { value } }) => {
            setTyped(value);
          }}
        />
        <Button type="submit" variant="default" disabled={typed.trim() === tag}>
          {texts.narrow}
        </Button>
      </Group>
    </form>
  );
}
