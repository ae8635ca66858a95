import { Alert, Badge, Code, Group, Stack, Text } from "@mantine/core";
import type { Rehearsal } from "@mn316-fleet/contracts";
import { DeviceName } from "../common/device-name";
import { useJobsTexts } from "../texts/use-jobs-texts";

/** What would come of a job. */
export function RehearsalResult({ rehearsal: { devices, tried, failing, samples } }: { rehearsal: Rehearsal }) {
  const texts = useJobsTexts();
  return (
    <Alert color={failing > 0 ? "red" : "teal"} role="status" title={texts.rehearsal.title(tried, devices, failing)}>
      <Stack gap="sm">
        {samples.map(({ deviceId, devices: alike, status, error, steps }) => (
          <div key={deviceId}>
            <Group gap="xs">
              <Badge variant="light" color={status === "SUCCEEDED" ? "teal" : "red"} tt="none">
                {texts.executionStatuses[status]}
              </Badge>
              <DeviceName id={deviceId} />
              <Text size="sm" c="dimmed">
                {texts.rehearsal.alike(alike)}
              </Text>
            </Group>
            {error !== undefined && <Text size="sm">{error}</Text>}
            {steps.map(({ command, result, output }, index) => (
              <Text key={index} size="xs">
                <Code>{command}</Code> {[result, ...output].join(" · ")}
              </Text>
            ))}
          </div>
        ))}
      </Stack>
    </Alert>
  );
}
