import { ColorSwatch, Group, Text, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import type { ConnectLatency } from "@mn316-fleet/contracts";
import { useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { bucketInWords } from "../common/buckets";
import { useTexts } from "../texts/use-texts";
import { inLatency } from "./latency";

const HEIGHT_PX = 150;
const AXIS_PX = 64;
const LINES = [
  { name: "p50Ms", short: "p50", color: "teal" },
  { name: "p90Ms", short: "p90", color: "orange" },
  { name: "p99Ms", short: "p99", color: "red" },
] as const;

/** Half, 90 and 99 in a hundred of the connects over time. */
export default function LatencyChart({ answer, label }: { answer: ConnectLatency; label: string }) {
  const { locale } = useTexts();
  const scheme = useComputedColorScheme();
  const { ref: frame, width } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current || width === 0) return;
    const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const [ink, line] = [color("--mantine-color-dimmed"), color("--mantine-color-default-border")];
    const grid = { stroke: line, width: 1 };
    const made = new UPlot(
      {
        ...{ width, height: HEIGHT_PX, padding: [8, 8, 0, 0], legend: { show: false } },
        cursor: { show: false },
        axes: [
          {
            ...{ stroke: ink, grid, ticks: grid },
            values: (_, moments) => moments.map((at) => bucketInWords(at * 1_000, answer.bucket, locale)),
          },
          { stroke: ink, grid, ticks: grid, size: AXIS_PX, values: (_, values) => values.map((ms) => inLatency(ms)) },
        ],
        series: [
          {},
          ...LINES.map(({ color: name }) => ({
            ...{ stroke: color(`--mantine-color-${name}-6`), width: 1.5, points: { show: true, size: 4 } },
          })),
        ],
      },
      [
        answer.rows.map(({ at }) => Date.parse(at) / 1_000),
        ...LINES.map(({ name }) => answer.rows.map((row) => row[name])),
      ],
      host.current,
    );
    return () => {
      made.destroy();
    };
  }, [answer, width, scheme, locale]);
  return (
    <div ref={frame}>
      <div ref={host} role="img" aria-label={label} />
      <Group gap="md" mt={4}>
        {LINES.map(({ name, short, color }) => (
          <Group key={name} gap={6} wrap="nowrap">
            <ColorSwatch size={10} color={`var(--mantine-color-${color}-6)`} withShadow={false} />
            <Text size="sm">{short}</Text>
          </Group>
        ))}
      </Group>
    </div>
  );
}
