import {
  Button,
  Group,
  type MantineColorScheme,
  SegmentedControl,
  Text,
  Title,
  useMantineColorScheme,
} from "@mantine/core";
import { type Language, languageOptions, useLanguage } from "./texts/use-texts";

/** Name, language, theme and the way out. */
export function Header({ onSignOut }: { onSignOut: () => void }) {
  const { texts, language, choose } = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { themes } = texts.header;
  return (
    <Group component="header" justify="space-between" py="md">
      <Group gap="sm" wrap="nowrap">
        <img src="/icon.svg" width={36} height={36} alt="" />
        <div>
          <Title order={1} size="h3">
            mn316-fleet
          </Title>
          <Text size="sm" c="dimmed">
            {texts.header.subtitle}
          </Text>
        </div>
      </Group>
      <Group gap="xs">
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
          aria-label={texts.header.theme}
          data={Object.entries(themes).map(([value, label]) => ({ value, label }))}
          value={colorScheme}
          onChange={(value) => {
            setColorScheme(value as MantineColorScheme);
          }}
        />
        <Button size="xs" variant="default" onClick={onSignOut}>
          {texts.header.signOut}
        </Button>
      </Group>
    </Group>
  );
}
