import { Stack } from "@mantine/core";
import { useClient } from "../client-context";
import { useAdviceTexts } from "../texts/use-advice-texts";
import { AdviceCard } from "./advice-card";
import { Nothing, Panel } from "./panel";
import type { Question } from "./question";

const SHOWN = 20;

/** What could be set better, and what that rests on. */
export function AdvicePanel({ question, deviceId }: { question: Question; deviceId?: string }) {
  const client = useClient();
  const { advice: texts } = useAdviceTexts();
  const query = { limit: SHOWN, ...(deviceId !== undefined && { deviceId }) };
  return (
    <Panel
      title={texts.title}
      hint={texts.hint}
      path="advice"
      query={query}
      question={question}
      ask={(asked, signal) => client.analytics.advice({ ...asked, ...query }, { signal })}
    >
      {(answer) => (
        <Stack gap="md">
          {answer.rows.length === 0 && <Nothing>{texts.none}</Nothing>}
          {answer.rows.map((advice) => (
            <AdviceCard key={advice.id} advice={advice} isDeviceNamed={deviceId === undefined} />
          ))}
          {answer.total > answer.rows.length && <Nothing>{texts.more(answer.total - answer.rows.length)}</Nothing>}
        </Stack>
      )}
    </Panel>
  );
}
