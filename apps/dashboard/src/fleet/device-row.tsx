import { AnchorLink } from "../common/links";
import { Checkbox, Group, Stack, Table, Text } from "@mantine/core";
import type { Device } from "@mn316-fleet/contracts";
import { memo } from "react";
import { causeInWords } from "../common/cause-words";
import { LinkBadge } from "../common/link-badge";
import { Since } from "../common/since";
import { StateBadge } from "../common/state-badge";
import { TagBadges } from "../common/tag-badges";
import { useTexts } from "../texts/use-texts";
import classes from "./device-table.module.css";
import { SignalBars } from "./signal-bars";

interface Props {
  device: Device;
  /** Its place in the list. */
  index: number;
  isChosen: boolean;
  onChoose: (id: string, isChosen: boolean) => void;
  /** Learns how high the row has become. */
  measure: (row: HTMLTableRowElement | null) => void;
}

/** States of a configuration that want somebody to look. */
const BAD_CONFIG: ReadonlySet<string> = new Set(["rejected", "rolled-back", "drifted"]);

/** One device: its agent's link and its module's link are two different things, and are shown as two. */
export const DeviceRow = memo(function DeviceRow({ device, index, isChosen, onChoose, measure }: Props) {
  const texts = useTexts();
  const { link, module, config } = device;
  return (
    <Table.Tr
      className={classes.row}
      ref={measure}
      data-index={index}
      bg={isChosen ? "var(--fleet-chosen)" : undefined}
    >
      <Table.Td className={classes.choice}>
        <Checkbox
          size="xs"
          aria-label={texts.table.chooseOne(device.name)}
          checked={isChosen}
          onChange={({ currentTarget: { checked } }) => {
            onChoose(device.id, checked);
          }}
        />
      </Table.Td>
      <Table.Td>
        <AnchorLink to="/devices/$id" params={{ id: device.id }} fw={600}>
          {device.name}
        </AnchorLink>
        <Group gap={6}>
          {device.imei !== null && (
            <Text size="xs" c="dimmed">
              {device.imei}
            </Text>
          )}
          <TagBadges tags={device.tags} />
        </Group>
      </Table.Td>
      <Table.Td data-label={texts.table.link}>
        <Stack gap={2} align="flex-start">
          <LinkBadge link={link} />
          {link.since && <Since moment={link.since} />}
        </Stack>
      </Table.Td>
      <Table.Td data-label={texts.table.module}>
        <Stack gap={2} align="flex-start">
          <StateBadge state={module.state} />
          {module.since && module.state !== "unknown" && <Since moment={module.since} />}
        </Stack>
      </Table.Td>
      <Table.Td data-label={texts.table.cause}>
        <Text size="sm">{causeInWords(module, texts)}</Text>
      </Table.Td>
      <Table.Td data-label={texts.table.signal}>
        <SignalBars dbm={module.signalDbm} />
      </Table.Td>
      <Table.Td data-label={texts.table.config}>
        <Text size="sm" fw={BAD_CONFIG.has(config.status) ? 600 : undefined}>
          {texts.config[config.status]}
        </Text>
        {config.desiredVersion > 0 && (
          <Text size="xs" c="dimmed">
            {texts.config.version(config.desiredVersion)}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
});
