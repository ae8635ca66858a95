import { AnchorLink } from "../../common/links";
import { Code, Table, Text } from "@mantine/core";
import type { ConfigOrigin, ConfigState } from "@mn316-fleet/contracts";
import { useDeviceTexts } from "../../texts/use-device-texts";
import { type ComparedField, compare } from "./compare";

/** Each field: what is desired and by whom, and what the module holds. */
export function FieldTable({ state }: { state: ConfigState }) {
  const { configuration: texts } = useDeviceTexts();
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            {[texts.field, texts.desired, texts.from, texts.reported].map((label) => (
              <Table.Th key={label}>{label}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {compare(state).map((field) => (
            <Table.Tr key={field.path} bg={field.differs ? "var(--fleet-differs)" : undefined}>
              <Table.Td>
                <Code>{field.path}</Code>
              </Table.Td>
              <Table.Td>
                <Value value={field.desired} />
              </Table.Td>
              <Table.Td>
                <Origin from={field.from} />
              </Table.Td>
              <Table.Td>
                <Reported field={field} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Value({ value }: { value: unknown }) {
  return (
    <Text size="sm" style={{ overflowWrap: "anywhere" }}>
      {typeof value === "string" ? value : JSON.stringify(value)}
    </Text>
  );
}

function Origin({ from }: { from: ConfigOrigin | undefined }) {
  const { configuration: texts } = useDeviceTexts();
  if (from?.kind === "profile")
    return (
      <AnchorLink to="/profiles/$id" params={{ id: from.id }} size="sm">
        {from.name}
      </AnchorLink>
    );
  return (
    <Text size="sm" c="dimmed">
      {from ? texts.origins[from.kind] : "–"}
    </Text>
  );
}

function Reported({ field: { reported, differs, trust } }: { field: ComparedField }) {
  const { configuration: texts } = useDeviceTexts();
  if (reported === undefined)
    return (
      <Text size="sm" c="dimmed">
        {texts.unreported}
      </Text>
    );
  return (
    <>
      <Value value={reported} />
      <Text size="xs" c={differs ? "red" : "dimmed"} fw={differs ? 600 : undefined}>
        {differs ? texts.differs : trust !== undefined && texts.trust[trust as keyof typeof texts.trust]}
      </Text>
    </>
  );
}
