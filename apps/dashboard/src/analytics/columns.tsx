import { Box, ColorSwatch, Group, Stack, Text, Tooltip } from "@mantine/core";

export interface Column {
  key: string;
  label: string;
  /** From the bottom up. */
  parts: { name: string; value: number; color: string }[];
}

interface Props {
  /** What is shown, for those who cannot see it. */
  label: string;
  columns: readonly Column[];
  heightPx: number;
  /** A label below each column instead of below the first and the last. */
  isEachLabelled?: boolean;
  legend?: readonly { name: string; color: string; value: number }[];
}

const fill = (color: string) => `var(--mantine-color-${color}-6)`;

/** Columns side by side, each of one or several parts. */
export function Columns({ label, columns, heightPx, isEachLabelled = false, legend = [] }: Props) {
  const total = ({ parts }: Column) => parts.reduce((sum, { value }) => sum + value, 0);
  const highest = Math.max(1, ...columns.map(total));
  return (
    <Stack gap={4}>
      <Group gap={3} align="flex-end" h={heightPx} wrap="nowrap" role="img" aria-label={label}>
        {columns.map((column) => (
          <Tooltip key={column.key} label={inWords(column)} withArrow>
            <Stack gap={0} justify="flex-end" h="100%" flex={1} miw={2}>
              {column.parts
                .filter(({ value }) => value > 0)
                .map(({ name, value, color }) => (
                  <Box key={name} h={Math.max(2, (value / highest) * heightPx)} bg={fill(color)} />
                ))}
              {total(column) === 0 && <Box h={3} bg="var(--fleet-empty)" />}
            </Stack>
          </Tooltip>
        ))}
      </Group>
      <Group gap={3} wrap="nowrap" justify="space-between" aria-hidden="true">
        {(isEachLabelled ? columns : [columns[0], columns.at(-1)]).map((column) => (
          <Text key={column?.key} size="xs" c="dimmed" {...(isEachLabelled && { flex: 1, ta: "center" as const })}>
            {column?.label}
          </Text>
        ))}
      </Group>
      <Group gap="md">
        {legend.map(({ name, color, value }) => (
          <Group key={name} gap={6} wrap="nowrap">
            <ColorSwatch size={10} color={fill(color)} withShadow={false} />
            <Text size="sm">
              {value} × {name}
            </Text>
          </Group>
        ))}
      </Group>
    </Stack>
  );
}

function inWords({ label, parts }: Column): string {
  const told = parts.filter(({ value }) => value > 0).map(({ name, value }) => `${value} × ${name}`);
  return `${label} · ${told.join(", ") || "0"}`;
}
