import { Group, Paper, SimpleGrid, Skeleton, Stack, Text, UnstyledButton } from "@mantine/core";
import type { FleetCounts } from "@mn316-fleet/contracts";
import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { stateColor } from "../common/state-colors";
import { useTexts } from "../texts/use-texts";
import type { Filters } from "./filters";
import classes from "./state-cards.module.css";

interface Props {
  counts: FleetCounts | undefined;
  filters: Filters;
  onChoose: (filters: Filters) => void;
}

/** The states that always have a card; the passing ones are told below only while a module is in them. */
const WITH_CARD = ["connected", "reconnecting", "disconnected", "unknown"] as const;
const PASSING = KNOWN_MODULE_STATES.filter((state) => !(WITH_CARD as readonly string[]).includes(state));

/** How many devices are in which state; a click narrows the list to them. */
export function StateCards({ counts, filters, onChoose }: Props) {
  const { counts: texts, states } = useTexts();
  const passing = PASSING.filter((state) => counts && counts.states[state] > 0);
  const isChosen = ({ state, online }: Filters) => filters.state === state && filters.online === online;
  const cards = [
    { label: texts.devices, hint: "\u00a0", color: "cyan", value: counts?.devices, narrowed: {} },
    ...WITH_CARD.map((state) => ({
      label: states[state],
      hint: texts.moduleLink,
      color: stateColor(state),
      value: counts?.states[state],
      narrowed: { state },
    })),
    {
      label: texts.agentOffline,
      hint: texts.agentLink,
      color: "gray",
      value: counts && counts.devices - counts.online,
      narrowed: { online: "false" as const },
    },
  ];
  return (
    <Stack gap="xs">
      <SimpleGrid cols={{ base: 2, xs: 3, md: 6 }} spacing="sm">
        {cards.map(({ label, hint, color, value, narrowed }) => (
          <UnstyledButton
            key={label}
            className={classes.card}
            aria-pressed={isChosen(narrowed)}
            onClick={() => {
              onChoose({ q: filters.q, tag: filters.tag, ...narrowed });
            }}
          >
            <Paper withBorder p="md" h="100%" style={{ borderTop: `3px solid var(--mantine-color-${color}-6)` }}>
              <Text size="sm">{label}</Text>
              {value === undefined ? (
                <Skeleton h={32} w={60} my={4} />
              ) : (
                <Text fz={30} fw={650} lh={1.3} c={value === 0 ? "dimmed" : undefined}>
                  {value}
                </Text>
              )}
              <Text size="xs" c="dimmed">
                {hint}
              </Text>
            </Paper>
          </UnstyledButton>
        ))}
      </SimpleGrid>
      {passing.length > 0 && (
        <Group gap="sm">
          <Text size="sm" c="dimmed">
            {texts.others}
          </Text>
          {passing.map((state) => (
            <UnstyledButton
              key={state}
              aria-pressed={isChosen({ state })}
              onClick={() => {
                onChoose({ q: filters.q, tag: filters.tag, state });
              }}
            >
              <Text size="sm" td="underline">
                {counts?.states[state]} {states[state]}
              </Text>
            </UnstyledButton>
          ))}
        </Group>
      )}
    </Stack>
  );
}
