import { Anchor, Badge, Group, Stack, Table, Text } from "@mantine/core";
import type { Device } from "@mn316-fleet/contracts";
import { causeInWords } from "../common/cause-words";
import { LinkBadge } from "../common/link-badge";
import { Since } from "../common/since";
import { StateBadge } from "../common/state-badge";
import { useTexts } from "../texts/use-texts";
import classes from "./device-table.module.css";
import { SignalBars } from "./signal-bars";

interface Props {
  device: Device;
  onOpen: (id: string) => void;
}

/** States of a configuration that want somebody to look. */
const BAD_CONFIG: ReadonlySet<string> = new Set(["rejected", "rolled-back", "drifted"]);

/** One device: its agent's link and its module's link are two different things, and are shown as two. */
export function DeviceRow({ device, onOpen }: Props) {
  const texts = useTexts();
  const { link, module, config } = device;
  return (
    <Table.Tr className={classes.row}>
      <Table.Td>
        <Anchor
          component="button"
          fw={600}
          ta="left"
          aria-label={texts.table.open(device.name)}
          onClick={() => {
            onOpen(device.id);
          }}
        >
          {device.name}
        </Anchor>
        <Group gap={6}>
          {device.imei !== null && (
            <Text size="xs" c="dimmed">
              {device.imei}
            </Text>
          )}
          {device.tags.map((tag) => (
            <Badge key={tag} size="xs" variant="default" tt="none" fw={500}>
              {tag}
            </Badge>
          ))}
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
}
