import { Button, Group, type MantineColorScheme, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useSessionEnd } from "../session-end";
import { type Language, languageOptions, useLanguage } from "../texts/use-texts";

/** Language, theme and the way out. */
export function Preferences() {
  const { texts, language, choose } = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { onSignOut } = useSessionEnd();
  const { themes } = texts.header;
  return (
    <Group gap="xs" wrap="nowrap">
      <SegmentedControl
        size="xs"
        aria-label={texts.header.language}
        data={languageOptions}
        value={language}
        onChange={(value) => {
          choose(value as Language);
        }}
      />
      <SegmentedControl
        size="xs"
        visibleFrom="sm"
        aria-label={texts.header.theme}
        data={Object.entries(themes).map(([value, label]) => ({ value, label }))}
        value={colorScheme}
        onChange={(value) => {
          setColorScheme(value as MantineColorScheme);
        }}
      />
      <Button size="xs" variant="default" onClick={onSignOut} style={{ flexShrink: 0 }}>
        {texts.header.signOut}
      </Button>
    </Group>
  );
}
