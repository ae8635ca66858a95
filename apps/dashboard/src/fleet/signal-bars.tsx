import { Group, Text } from "@mantine/core";
import { useTexts } from "../texts/use-texts";
import { barsOf } from "./signal-level";

/** Signal strength as four bars and in dBm. */
export function SignalBars({ dbm }: { dbm: number | null }) {
  const { table } = useTexts();
  if (dbm === null)
    return (
      <Text size="sm" c="dimmed">
        {table.noSignal}
      </Text>
    );
  const bars = barsOf(dbm);
  return (
    <Group gap={8} wrap="nowrap">
      <svg width="20" height="16" aria-hidden="true">
        {[1, 2, 3, 4].map((bar) => (
          <rect
            key={bar}
            x={(bar - 1) * 5}
            y={16 - bar * 4}
            width="3.5"
            height={bar * 4}
            rx="1"
            fill={`var(--mantine-color-${bar <= bars ? (bars === 1 ? "red-6" : "teal-6") : "default-border"})`}
          />
        ))}
      </svg>
      <Text size="sm">{table.signalOf(dbm)}</Text>
    </Group>
  );
}
