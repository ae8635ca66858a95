import { Text, Tooltip } from "@mantine/core";
import { useTexts } from "../texts/use-texts";
import { inDuration, secondsSince } from "./durations";

/** How long ago something was; the exact moment shows on hover. */
export function Since({ moment }: { moment: string }) {
  const texts = useTexts();
  return (
    <Tooltip label={new Date(moment).toLocaleString(texts.locale)} withArrow>
      <Text component="time" dateTime={moment} size="xs" c="dimmed">
        {texts.time.ago(inDuration(secondsSince(moment, Date.now()), texts))}
      </Text>
    </Tooltip>
  );
}
