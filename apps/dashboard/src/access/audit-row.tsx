import { Badge, Button, Code, SimpleGrid, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { AuditEntry } from "@mn316-fleet/contracts";
import { useAccessTexts } from "../texts/use-access-texts";
import { useTexts } from "../texts/use-texts";

const COLORS: Record<AuditEntry["outcome"], string> = {
  done: "teal",
  refused: "orange",
  failed: "red",
  unfinished: "gray",
};
const COLUMNS = 6;

/** One entry of the audit; opened, what was asked for and what it changed. */
export function AuditRow({ entry }: { entry: AuditEntry }) {
  const { audit: texts } = useAccessTexts();
  const { locale } = useTexts();
  const [isOpen, { toggle }] = useDisclosure(false);
  const { at, actor, from, action, resource, outcome, status, detail } = entry;
  return (
    <>
      <Table.Tr>
        <Table.Td style={{ whiteSpace: "nowrap" }}>{new Date(at).toLocaleString(locale)}</Table.Td>
        <Table.Td>
          <Text size="sm" fw={600}>
            {actor.name ?? texts.actors[actor.kind]}
          </Text>
          <Text size="xs" c="dimmed">
            {texts.actors[actor.kind]}
            {from.address !== null && ` · ${texts.address(from.address)}`}
          </Text>
        </Table.Td>
        <Table.Td>
          <Text size="sm" style={{ wordBreak: "break-word" }}>
            {action}
          </Text>
        </Table.Td>
        <Table.Td>
          <Text size="xs" style={{ wordBreak: "break-all" }}>
            {resource}
          </Text>
        </Table.Td>
        <Table.Td>
          <Badge variant="light" tt="none" miw="max-content" color={COLORS[outcome]}>
            {texts.outcomes[outcome]} {status}
          </Badge>
        </Table.Td>
        <Table.Td>
          <Button
            size="compact-xs"
            variant="default"
            aria-expanded={isOpen}
            aria-label={texts.detailsOf(action)}
            onClick={toggle}
          >
            {texts.details}
          </Button>
        </Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr>
          <Table.Td colSpan={COLUMNS}>
            {detail !== null && (
              <Text size="sm" mb="xs">
                {detail}
              </Text>
            )}
            <SimpleGrid cols={{ base: 1, md: 3 }}>
              <Document label={texts.request} value={entry.request} />
              <Document label={texts.before} value={entry.before} />
              <Document label={texts.after} value={entry.after} />
            </SimpleGrid>
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

function Document({ label, value }: { label: string; value: unknown }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Code block tabIndex={0} aria-label={label} role="region" mah={320} style={{ overflow: "auto" }}>
        {value === null || value === undefined ? "–" : JSON.stringify(value, null, 2)}
      </Code>
    </div>
  );
}
