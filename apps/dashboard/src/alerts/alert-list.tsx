import { Badge, Table, Text } from "@mantine/core";
import type { Alert } from "@mn316-fleet/contracts";
import { useClient } from "../client-context";
import { useEndlessList } from "../common/endless-list";
import { AnchorLink } from "../common/links";
import { PageList } from "../common/page-list";
import { Since } from "../common/since";
import { useAlertsTexts } from "../texts/use-alerts-texts";
import { useTexts } from "../texts/use-texts";
import { AcknowledgeButton } from "./acknowledge-button";
import { alertWords } from "./alert-words";
import { SeverityBadge } from "./severity-badge";

const REFRESH_MS = 5_000;

/** Alerts that are open, or over, the newest first. */
export function AlertList({ state }: { state: "open" | "resolved" }) {
  const client = useClient();
  const texts = useAlertsTexts();
  const list = useEndlessList({
    queryKey: ["alerts", state],
    list: ({ cursor, signal }) => client.alerts.list({ state, cursor }, { signal }),
    refreshMs: REFRESH_MS,
  });
  const last = state === "open" ? texts.state : texts.over;
  return (
    <PageList
      {...list}
      columns={[texts.severity, texts.what, texts.devices, texts.since, last]}
      empty={state === "open" ? texts.noneOpen : texts.nonePast}
      row={(alert) => <Row key={alert.id} alert={alert} />}
    />
  );
}

function Row({ alert }: { alert: Alert }) {
  const { alerts } = useTexts();
  const { severity, summary, rule, devices, deviceId, since, isSilenced } = alert;
  const words = alertWords(summary, alerts.what);
  return (
    <Table.Tr>
      <Table.Td>
        <SeverityBadge severity={severity} />
      </Table.Td>
      <Table.Td>
        {deviceId === null ? (
          <Text size="sm">{words}</Text>
        ) : (
          <AnchorLink to="/devices/$id" params={{ id: deviceId }} size="sm" fw={600}>
            {words}
          </AnchorLink>
        )}
        <Text size="xs" c="dimmed">
          {rule}{" "}
          {isSilenced && (
            <Badge size="xs" color="gray" variant="outline" tt="none">
              {alerts.silenced}
            </Badge>
          )}
        </Text>
      </Table.Td>
      <Table.Td>{devices}</Table.Td>
      <Table.Td>
        <Since moment={since} />
      </Table.Td>
      <Table.Td>
        {alert.state === "resolved" ? <Resolution alert={alert} /> : <AcknowledgeButton alert={alert} />}
      </Table.Td>
    </Table.Tr>
  );
}

function Resolution({ alert: { resolvedAt, resolution } }: { alert: Alert }) {
  const texts = useAlertsTexts();
  return (
    <>
      {resolvedAt !== null && <Since moment={resolvedAt} />}
      {resolution !== null && (
        <Text size="xs" c="dimmed">
          {texts.resolutions[resolution]}
        </Text>
      )}
    </>
  );
}
