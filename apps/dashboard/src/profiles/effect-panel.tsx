import { AnchorLink } from "../common/links";
import { Alert, Code, Stack, Text } from "@mantine/core";
import type { ProfileEffect } from "@mn316-fleet/contracts";
import { useProfilesTexts } from "../texts/use-profiles-texts";

/** What a write of a profile does to devices. */
export function EffectPanel({ effect: { devices, examined, changed, rejected, samples } }: { effect: ProfileEffect }) {
  const texts = useProfilesTexts();
  return (
    <Alert color={rejected > 0 ? "orange" : "teal"} role="status" title={texts.effect(devices, changed, rejected)}>
      <Stack gap={4}>
        {examined < devices && <Text size="sm">{texts.examined(examined)}</Text>}
        {samples.map(({ deviceId, name, outcome, errors }) => (
          <Text key={deviceId} size="sm">
            <AnchorLink to="/devices/$id" params={{ id: deviceId }} size="sm">
              {name}
            </AnchorLink>{" "}
            {texts.outcomes[outcome]}
            {errors?.map(({ path, message }) => (
              <Text key={path + message} span size="sm">
                {" · "}
                <Code>{path}</Code> {message}
              </Text>
            ))}
          </Text>
        ))}
      </Stack>
    </Alert>
  );
}
