import { Box, Group, Text } from "@mantine/core";
import type { Disconnects } from "@mn316-fleet/contracts";
import { useClient } from "../client-context";
import { useAnalyticsTexts } from "../texts/use-analytics-texts";
import { useTexts } from "../texts/use-texts";
import classes from "./heat-map.module.css";
import { heatRows } from "./heat-map";
import { Panel } from "./panel";
import type { Question } from "./question";

/** Labels of hours stand below every third column. */
const LABEL_EVERY_HOURS = 3;

/** When modules lose their connections: hours across, days down. */
export function HeatMapPanel({ question }: { question: Question }) {
  const client = useClient();
  const { heatMap: texts } = useAnalyticsTexts();
  return (
    <Panel
      title={texts.title}
      hint={texts.hint(question.timeZone)}
      path="disconnects"
      isUnknownTold
      query={{ bucket: "hour" }}
      question={question}
      ask={(query, signal) => client.analytics.disconnects({ ...query, bucket: "hour" }, { signal })}
    >
      {(answer) => <HeatMap answer={answer} />}
    </Panel>
  );
}

function HeatMap({ answer }: { answer: Disconnects }) {
  const { locale } = useTexts();
  const { heatMap: texts } = useAnalyticsTexts();
  const rows = heatRows(answer);
  const most = Math.max(1, ...rows.flatMap(({ hours }) => hours.map((count) => count ?? 0)));
  const dayOf = (at: number) =>
    new Date(at).toLocaleDateString(locale, { weekday: "short", day: "numeric", month: "short" });
  return (
    <div>
      <table className={classes.map} aria-label={texts.title}>
        <tbody>
          {rows.map(({ at, hours }) => (
            <tr key={at}>
              <th scope="row">{dayOf(at)}</th>
              {hours.map((count, hour) => {
                const words = count === null ? "" : texts.cell(dayOf(at), hour, count);
                return (
                  <td key={hour} title={words}>
                    {count !== null && (
                      <Box className={classes.cell} bg={fill(count, most)} aria-label={words} role="img" />
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
        <tfoot aria-hidden="true">
          <tr>
            <td />
            {Array.from({ length: 24 }, (_, hour) => (
              <td key={hour}>{hour % LABEL_EVERY_HOURS === 0 ? hour : ""}</td>
            ))}
          </tr>
        </tfoot>
      </table>
      <Group gap={6} mt="xs" aria-hidden="true">
        <Text size="xs" c="dimmed">
          0
        </Text>
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <Box key={share} w={16} h={10} bg={fill(share * most, most)} style={{ borderRadius: 2 }} />
        ))}
        <Text size="xs" c="dimmed">
          {most}
        </Text>
      </Group>
    </div>
  );
}

function fill(count: number, most: number): string {
  if (count === 0) return "var(--fleet-lane)";
  const percent = Math.round(25 + (75 * count) / most);
  return `color-mix(in srgb, var(--mantine-color-orange-7) ${percent}%, var(--fleet-lane))`;
}
