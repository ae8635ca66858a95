import { SegmentedControl, Stack, Text } from "@mantine/core";
import type { Correlated } from "@mn316-fleet/contracts";
import { useState } from "react";
import { useClient } from "../client-context";
import { DeviceName } from "../common/device-name";
import { AnchorLink } from "../common/links";
import { useAnalyticsTexts } from "../texts/use-analytics-texts";
import { useJobsTexts } from "../texts/use-jobs-texts";
import { useTexts } from "../texts/use-texts";
import { Nothing, Panel } from "./panel";
import type { Question } from "./question";

const SHOWN = 8;
/** Devices that an incident names; the CSV has them all. */
const NAMED = 3;

/** Outages of several devices at once: it is the network or the broker, not the devices. */
export function IncidentsPanel({ question }: { question: Question }) {
  const client = useClient();
  const { incidents: texts } = useAnalyticsTexts();
  const [by, setBy] = useState<Correlated["by"]>("cell");
  return (
    <Panel
      title={texts.title}
      hint={texts.hint}
      path="correlated-outages"
      query={{ by, limit: SHOWN }}
      question={question}
      ask={(query, signal) => client.analytics.correlatedOutages({ ...query, by, limit: SHOWN }, { signal })}
    >
      {(answer) => (
        <Stack gap="sm">
          <SegmentedControl
            size="xs"
            w="fit-content"
            aria-label={texts.by}
            value={by}
            data={Object.entries(texts.groupings).map(([value, label]) => ({ value, label }))}
            onChange={(value) => {
              setBy(value as Correlated["by"]);
            }}
          />
          {answer.rows.length === 0 && <Nothing>{texts.none}</Nothing>}
          {answer.rows.map((incident) => (
            <Incident key={incident.group + incident.began} incident={incident} />
          ))}
        </Stack>
      )}
    </Panel>
  );
}

function Incident({ incident }: { incident: Correlated["rows"][number] }) {
  const jobs = useJobsTexts();
  const { causes, locale } = useTexts();
  const { incidents: texts } = useAnalyticsTexts();
  const { group, devices, cause, began, deviceIds } = incident;
  return (
    <div>
      <Text size="sm" fw={600}>
        {texts.line(devices, group)}
      </Text>
      <Text size="sm" c="dimmed">
        {new Date(began).toLocaleString(locale)} · {causes[cause]}
      </Text>
      {deviceIds.slice(0, NAMED).map((id) => (
        <AnchorLink key={id} to="/devices/$id" params={{ id }} display="inline-block" mr="sm">
          <DeviceName id={id} />
        </AnchorLink>
      ))}
      {devices > NAMED && (
        <Text size="xs" c="dimmed">
          {jobs.andOthers(devices - NAMED)}
        </Text>
      )}
    </div>
  );
}
