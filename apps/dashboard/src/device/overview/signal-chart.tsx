import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Range } from "../../common/time-range";
import { useTexts } from "../../texts/use-texts";
import type { TimeLineData } from "./time-line-data";

const HEIGHT_PX = 150;
/** As wide as the labels of the lanes above. */
const AXIS_PX = 124;
/** As wide as a label of the axis; of ranges that are longer it says days instead of times. */
const LABEL_PX = 44;
const LONG_MS = 2 * 86_400_000;
const BEST_DBM = -51;
const WORST_DBM = -113;

interface Props {
  data: TimeLineData;
  onZoom: (range: Range) => void;
}

/** Signal strength over time. */
export default function SignalChart({ data, onZoom }: Props) {
  const { device, locale } = useTexts();
  const scheme = useComputedColorScheme();
  const { ref: frame, width } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const label = device.timeLine.signal;
  useEffect(() => {
    if (!host.current || width === 0) return;
    const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const [ink, line] = [color("--mantine-color-dimmed"), color("--mantine-color-default-border")];
    const grid = { stroke: line, width: 1 };
    const format =
      data.toMs - data.fromMs > LONG_MS
        ? ({ day: "numeric", month: "short" } as const)
        : ({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const);
    const pxAMs = (width - AXIS_PX) / (data.toMs - data.fromMs);
    // The chart ends where the lanes do: a label there would be cut.
    const labelOf = (at: number) =>
      (data.toMs - at) * pxAMs < LABEL_PX / 2 ? "" : new Date(at).toLocaleString(locale, format);
    const made = new UPlot(
      {
        ...{ width, height: HEIGHT_PX, padding: [8, 0, 0, 0], legend: { show: false } },
        cursor: { drag: { x: true, y: false, setScale: false }, y: false },
        scales: {
          x: { time: true, range: [data.fromMs / 1_000, data.toMs / 1_000] },
          y: { range: [WORST_DBM, BEST_DBM] },
        },
        axes: [
          { stroke: ink, grid, ticks: grid, values: (_, moments) => moments.map((at) => labelOf(at * 1_000)) },
          { stroke: ink, grid, ticks: grid, size: AXIS_PX, values: (_, values) => values.map((dbm) => `${dbm} dBm`) },
        ],
        series: [{}, { stroke: color("--mantine-color-teal-6"), width: 1.5, points: { show: false } }],
        hooks: {
          setSelect: [
            (chart) => {
              const { select } = chart;
              if (select.width < 4) return;
              const at = (px: number) => chart.posToVal(px, "x") * 1_000;
              onZoom({ fromMs: at(select.left), toMs: at(select.left + select.width) });
            },
          ],
        },
      },
      [data.signal.atMs.map((ms) => ms / 1_000), data.signal.dbm],
      host.current,
    );
    return () => {
      made.destroy();
    };
  }, [data, width, scheme, locale, onZoom]);
  return (
    <div ref={frame}>
      <div ref={host} role="img" aria-label={label} />
    </div>
  );
}
