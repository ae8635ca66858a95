import { Alert, Autocomplete, Button, Group, Paper, Stack, Text } from "@mantine/core";
import type { DeviceConsole } from "@mn316-fleet/client";
import type { Device } from "@mn316-fleet/contracts";
import { useEffect, useRef, useState } from "react";
import { useClient } from "../../client-context";
import { useDeviceTexts } from "../../texts/use-device-texts";
import { completionOf, type Suggestion, suggestionsFor } from "./command-help";
import { Terminal, type TerminalHandle } from "./terminal";

type Stage = "closed" | "opening" | "open";
const COLORS = { sent: 36, received: undefined, note: 33 };

/** A live AT session with the module. Everything said is recorded with the device. */
export default function ConsoleTab({ device }: { device: Device }) {
  const client = useClient();
  const { console: texts } = useDeviceTexts();
  const terminal = useRef<TerminalHandle>(null);
  const session = useRef<DeviceConsole>(undefined);
  const [stage, setStage] = useState<Stage>("closed");
  useEffect(() => () => void session.current?.close(), []);
  const open = async () => {
    setStage("opening");
    try {
      const opened = await client.console(device.id, {
        onOutput: ({ from, text }) => terminal.current?.print(text, COLORS[from]),
      });
      session.current = opened;
      setStage("open");
      terminal.current?.print(texts.ended(await opened.closed), COLORS.note);
    } catch (error) {
      terminal.current?.print(texts.ended((error as Error).message), COLORS.note);
    }
    session.current = undefined;
    setStage("closed");
  };
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={720}>
          {texts.hint}
        </Text>
        {stage === "closed" ? (
          <Button onClick={() => void open()} disabled={!device.link.online}>
            {texts.open}
          </Button>
        ) : (
          <Button variant="default" loading={stage === "opening"} onClick={() => void session.current?.close()}>
            {texts.close}
          </Button>
        )}
      </Group>
      {!device.link.online && <Alert color="gray">{texts.away}</Alert>}
      <Paper withBorder p="xs">
        <Terminal ref={terminal} label={texts.output} />
      </Paper>
      <CommandLine
        isEnabled={stage === "open"}
        onCommand={(command) => {
          session.current?.send(command);
        }}
      />
    </Stack>
  );
}

/** Where commands are typed; completes and explains them from the manual. */
function CommandLine({ isEnabled, onCommand }: { isEnabled: boolean; onCommand: (command: string) => void }) {
  const { console: texts } = useDeviceTexts();
  const [text, setText] = useState("");
  const [said, setSaid] = useState<readonly string[]>([]);
  const [back, setBack] = useState(0);
  const suggestions = suggestionsFor(text);
  const recall = (step: number) => {
    const next = Math.min(said.length, Math.max(0, back + step));
    setBack(next);
    setText(next === 0 ? "" : (said[said.length - next] ?? ""));
  };
  const submit = () => {
    const command = text.trim();
    if (command === "" || !isEnabled) return;
    onCommand(command);
    setSaid((before) => [...before.filter((other) => other !== command), command]);
    setBack(0);
    setText("");
  };
  return (
    <Stack gap={4}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Group align="flex-end" wrap="nowrap">
          <Autocomplete
            label={texts.command}
            placeholder="AT+MQTTSTAT?"
            disabled={!isEnabled}
            value={text}
            onChange={setText}
            data={text.includes("=") ? [] : [...new Set(suggestions.map(completionOf))]}
            filter={({ options }) => options}
            renderOption={({ option }) => (
              <Explained suggestion={suggestions.find((one) => completionOf(one) === option.value)} />
            )}
            style={{ flex: 1 }}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
            onKeyDown={(event) => {
              if (text !== "" && back === 0) return;
              if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
              event.preventDefault();
              recall(event.key === "ArrowUp" ? 1 : -1);
            }}
          />
          <Button type="submit" disabled={!isEnabled || text.trim() === ""}>
            {texts.send}
          </Button>
        </Group>
      </form>
      {text.includes("=") && <Explained suggestion={suggestions[0]} />}
    </Stack>
  );
}

/** A form of a command and what the manual says that it is for. */
function Explained({ suggestion }: { suggestion: Suggestion | undefined }) {
  if (!suggestion) return null;
  return (
    <Text size="xs" c="dimmed">
      <Text span ff="monospace" size="sm" c="bright">
        {suggestion.command}
      </Text>{" "}
      {suggestion.about} ({suggestion.section})
    </Text>
  );
}
