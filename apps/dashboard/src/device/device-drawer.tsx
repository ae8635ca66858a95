import { Drawer, Group, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { UnreachableError } from "@mn316-fleet/client";
import type { Device } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { causeInWords } from "../common/cause-words";
import { LinkBadge } from "../common/link-badge";
import { ProblemAlert } from "../common/problem-alert";
import { Since } from "../common/since";
import { StateBadge } from "../common/state-badge";
import { useRefreshMs } from "../live";
import { SignalBars } from "../fleet/signal-bars";
import { useTexts } from "../texts/use-texts";
import { ConfigPanel } from "./config-panel";
import { EventList } from "./event-list";
import { IntervalHistory } from "./interval-history";
import { ReconnectButton } from "./reconnect-button";

const REFRESH_MS = 2_000;

interface Props {
  /** undefined: closed */
  id: string | undefined;
  onClose: () => void;
}

/** One device: its connection's history, what happened last, its configuration, and a way to reconnect it. */
export function DeviceDrawer({ id, onClose }: Props) {
  const { device: texts } = useTexts();
  return (
    <Drawer opened={id !== undefined} onClose={onClose} position="right" size="xl" padding="lg" title={texts.title}>
      {id !== undefined && <DeviceDetails key={id} id={id} />}
    </Drawer>
  );
}

function DeviceDetails({ id }: { id: string }) {
  const client = useClient();
  const {
    data: device,
    error,
    refetch,
  } = useQuery({
    queryKey: ["device", id],
    queryFn: ({ signal }) => client.devices.get(id, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  if (error && !(error instanceof UnreachableError)) return <ProblemAlert error={error} retry={() => void refetch()} />;
  if (!device) return <Skeleton h={200} />;
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start">
        <Title order={2}>{device.name}</Title>
        <ReconnectButton device={device} />
      </Group>
      <Facts device={device} />
      <IntervalHistory deviceId={id} />
      <EventList deviceId={id} />
      <ConfigPanel deviceId={id} />
    </Stack>
  );
}

function Facts({ device: { link, module, imei, agentVersion, createdAt } }: { device: Device }) {
  const texts = useTexts();
  const facts = [
    {
      label: texts.table.link,
      value: (
        <Group gap="xs">
          <LinkBadge link={link} />
          {link.since && <Since moment={link.since} />}
        </Group>
      ),
    },
    {
      label: texts.table.module,
      value: (
        <Group gap="xs">
          <StateBadge state={module.state} />
          {module.since && module.state !== "unknown" && <Since moment={module.since} />}
        </Group>
      ),
    },
    { label: texts.table.cause, value: causeInWords(module, texts) },
    { label: texts.table.signal, value: <SignalBars dbm={module.signalDbm} /> },
    { label: texts.device.imei, value: imei ?? "–" },
    { label: texts.device.agentVersion, value: agentVersion ?? "–" },
    { label: texts.device.created, value: new Date(createdAt).toLocaleString(texts.locale) },
  ];
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="xs">
      {facts.map(({ label, value }) => (
        <div key={label}>
          <Text size="xs" c="dimmed">
            {label}
          </Text>
          {typeof value === "string" ? <Text size="sm">{value}</Text> : value}
        </div>
      ))}
    </SimpleGrid>
  );
}
