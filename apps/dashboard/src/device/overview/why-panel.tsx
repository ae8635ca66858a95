import { Paper, Text } from "@mantine/core";
import type { Device } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../../client-context";
import { causeInWords } from "../../common/cause-words";
import { inDuration, secondsSince } from "../../common/durations";
import { stateColor } from "../../common/state-colors";
import { useRefreshMs } from "../../live";
import type { Texts } from "../../texts/en";
import { useTexts } from "../../texts/use-texts";
import { type Fact, type Story, storyOf } from "./why";

const REFRESH_MS = 2_000;
const ASKED = 500;

/** Why the device is as it is, in words. */
export function WhyPanel({ device }: { device: Device }) {
  const client = useClient();
  const texts = useTexts();
  const { data } = useQuery({
    queryKey: ["events", device.id, "why"],
    queryFn: ({ signal }) => client.devices.events(device.id, { limit: ASKED }, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  if (!data) return null;
  return (
    <Paper
      withBorder
      p="md"
      role="status"
      style={{ borderInlineStart: `4px solid var(--mantine-color-${stateColor(device.module.state)}-6)` }}
    >
      <Text>{storyInWords(storyOf(device, data.items), device, texts)}</Text>
    </Paper>
  );
}

function storyInWords(story: Story, { module }: Device, texts: Texts): string {
  const { why } = texts.device;
  const since = (moment = "") => inDuration(secondsSince(moment, Date.now()), texts);
  const ago = (moment: string | undefined) => texts.time.ago(since(moment));
  const facts = why.list(story.facts.map((fact) => factInWords(fact, texts)));
  switch (story.kind) {
    case "agent-away":
      return story.lostAt === undefined ? why.agentNever : why.agentAway(since(story.lostAt));
    case "steady":
      return why.steady(since(module.since ?? undefined));
    case "never":
      return facts === "" ? why.never : why.neverBut(facts);
    case "away":
      return facts === "" ? why.awayBecause(causeInWords(module, texts)) : why.away(ago(story.lostAt), facts);
    case "recovered": {
      const seconds = (Date.parse(story.backAt ?? "") - Date.parse(story.lostAt ?? "")) / 1_000;
      return why.recovered(ago(story.backAt), inDuration(Math.max(0, seconds), texts), facts);
    }
  }
}

function factInWords(fact: Fact, { device: { why }, timeouts }: Texts): string {
  if (fact.what !== "timeout") return why.facts[fact.what](fact.count);
  return fact.type === "ping" ? why.heartbeats(fact.count) : why.timeouts(timeouts.names[fact.type], fact.count);
}
