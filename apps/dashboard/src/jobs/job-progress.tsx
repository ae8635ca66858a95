import { ColorSwatch, Group, Progress, Text } from "@mantine/core";
import type { JobCounts } from "@mn316-fleet/contracts";
import { useJobsTexts } from "../texts/use-jobs-texts";
import { progressOf } from "./progress";

const COLORS = { succeeded: "teal", failed: "red", other: "gray", underWay: "cyan", waiting: "default-border" };
const fill = (name: keyof typeof COLORS) =>
  name === "waiting" ? "var(--mantine-color-default-border)" : `var(--mantine-color-${COLORS[name]}-6)`;

interface Props {
  counts: JobCounts;
  /** Names the parts below the bar. */
  isExplained?: boolean;
}

/** How far a job is. */
export function JobProgress({ counts, isExplained = false }: Props) {
  const jobs = useJobsTexts();
  const { total, ended, parts } = progressOf(counts);
  const share = (count: number) => (total === 0 ? 0 : (count / total) * 100);
  return (
    <div>
      <Progress.Root size="lg" aria-label={jobs.progress(ended, total)}>
        {parts
          .filter(({ name }) => name !== "waiting")
          .map(({ name, count }) => (
            <Progress.Section
              key={name}
              value={share(count)}
              color={fill(name)}
              aria-label={`${count} ${jobs.parts[name]}`}
            />
          ))}
      </Progress.Root>
      {isExplained ? (
        <Group gap="md" mt={6}>
          {parts
            .filter(({ count }) => count > 0)
            .map(({ name, count }) => (
              <Group key={name} gap={6} wrap="nowrap">
                <ColorSwatch size={10} color={fill(name)} withShadow={false} />
                <Text size="sm">
                  {count} {jobs.parts[name]}
                </Text>
              </Group>
            ))}
        </Group>
      ) : (
        <Text size="xs" c="dimmed" mt={4}>
          {jobs.progress(ended, total)}
        </Text>
      )}
    </div>
  );
}
