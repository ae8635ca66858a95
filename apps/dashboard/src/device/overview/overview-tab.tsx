import { Group, Paper, SimpleGrid, Stack, Text } from "@mantine/core";
import type { Device } from "@mn316-fleet/contracts";
import { LinkBadge } from "../../common/link-badge";
import { Since } from "../../common/since";
import { StateBadge } from "../../common/state-badge";
import { SignalBars } from "../../fleet/signal-bars";
import { useTexts } from "../../texts/use-texts";
import { Certificates } from "./certificates";
import { DeviceAdvice } from "./device-advice";
import { EventList } from "./event-list";
import { IntervalHistory } from "./interval-history";
import { OutageList } from "./outage-list";
import { TimeLine } from "./time-line";
import { WhatIfPanel } from "./what-if";
import { WhyPanel } from "./why-panel";

/** How a device is, why, and how that came about. */
export function OverviewTab({ device }: { device: Device }) {
  return (
    <Stack gap="md">
      <WhyPanel device={device} />
      <TimeLine deviceId={device.id} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Stack gap="md">
          <Paper withBorder p="md">
            <Facts device={device} />
          </Paper>
          <Paper withBorder p="md">
            <IntervalHistory deviceId={device.id} />
          </Paper>
          <Paper withBorder p="md">
            <OutageList deviceId={device.id} />
          </Paper>
          <Paper withBorder p="md">
            <Certificates deviceId={device.id} />
          </Paper>
        </Stack>
        <Paper withBorder p="md">
          <EventList deviceId={device.id} />
        </Paper>
      </SimpleGrid>
      <DeviceAdvice deviceId={device.id} />
      <WhatIfPanel deviceId={device.id} />
    </Stack>
  );
}

function Facts({ device: { link, module, timeZone, agentVersion, createdAt } }: { device: Device }) {
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
    { label: texts.table.signal, value: <SignalBars dbm={module.signalDbm} /> },
    { label: texts.device.timeZone, value: timeZone ?? "–" },
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
