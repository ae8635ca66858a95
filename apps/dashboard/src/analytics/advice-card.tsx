import { Badge, Box, Button, Collapse, Group, Table, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { Advice } from "@mn316-fleet/contracts";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { AnchorLink } from "../common/links";
import { mayAs, useCaller } from "../shell/use-caller";
import { useAdviceTexts } from "../texts/use-advice-texts";
import { useTexts } from "../texts/use-texts";

/** One piece of advice: what is found, what to do, what that would bring, and by which figures. */
export function AdviceCard({ advice, isDeviceNamed }: { advice: Advice; isDeviceNamed: boolean }) {
  const { advice: texts } = useAdviceTexts();
  const [isOpen, { toggle }] = useDisclosure(false);
  const { deviceId, name, severity, finding, effect, change } = advice;
  return (
    <Box
      pl="sm"
      style={{ borderLeft: `3px solid var(--mantine-color-${severity === "warning" ? "orange" : "cyan"}-6)` }}
    >
      <Group gap="xs">
        <Badge variant="light" tt="none" color={severity === "warning" ? "orange" : "cyan"}>
          {texts.severities[severity]}
        </Badge>
        {isDeviceNamed && (
          <AnchorLink to="/devices/$id" params={{ id: deviceId }} size="sm" fw={600}>
            {name}
          </AnchorLink>
        )}
      </Group>
      <Text size="sm" mt={4}>
        {texts.say(finding)} {texts.say(effect)}
      </Text>
      <Group gap="md" mt={4}>
        <UnstyledButton onClick={toggle} aria-expanded={isOpen}>
          <Text size="sm" td="underline">
            {texts.evidence}
          </Text>
        </UnstyledButton>
        {change && <DraftButton advice={advice} />}
      </Group>
      <Collapse expanded={isOpen}>
        <Evidence advice={advice} />
      </Collapse>
    </Box>
  );
}

/** Makes a profile of it and opens that in the editor; it is written by nobody but the operator there. */
function DraftButton({ advice: { kind, change, deviceId } }: { advice: Advice }) {
  const client = useClient();
  const navigate = useNavigate();
  const caller = useCaller();
  const { advice: texts } = useAdviceTexts();
  const draft = useMutation({
    mutationFn: () => client.analytics.draftAdvice({ deviceIds: [deviceId], advice: [{ kind, change: change ?? {} }] }),
    onSuccess: ({ profile }) =>
      navigate({
        to: "/profiles/$id",
        params: { id: "new" },
        state: (former) => ({ ...former, draftedProfile: profile }),
      }),
  });
  if (!mayAs(caller?.role, "operator")) return null;
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        loading={draft.isPending}
        onClick={() => {
          draft.mutate();
        }}
      >
        {texts.draft}
      </Button>
      <WriteProblem error={draft.error} />
    </>
  );
}

function Evidence({ advice: { evidence } }: { advice: Advice }) {
  const { locale, config } = useTexts();
  const { advice: texts } = useAdviceTexts();
  const { from, to, settings, figures } = evidence;
  const inTime = (moment: string) => new Date(moment).toLocaleString(locale);
  return (
    <Box mt="xs">
      <Text size="sm" c="dimmed">
        {inTime(from)} – {inTime(to)} · {config.version(settings.configVersion)}: keepAlive {settings.keepAliveS} s,
        ackTimeout {settings.ackTimeoutS} s, reopenAfter {settings.reopenAfterS} s
      </Text>
      {figures.length > 0 && (
        <Table mt={4} w="fit-content" verticalSpacing={2} aria-label={texts.evidence}>
          <Table.Tbody>
            {figures.map(({ name, value, endpoint }) => (
              <Table.Tr key={name}>
                <Table.Td>{texts.figures[name] ?? name}</Table.Td>
                <Table.Td fw={600}>{Math.round(value * 10) / 10}</Table.Td>
                <Table.Td>
                  <Text size="xs" c="dimmed">
                    {endpoint}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Box>
  );
}
