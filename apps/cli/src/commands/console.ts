import type { DeviceConsole } from "@mn316-fleet/client";
import type { Command } from "commander";
import { createInterface } from "node:readline";
import { EXIT, type ExitCode } from "../exit-codes";
import { deviceId } from "../lookup";
import { wholeNumber } from "../options";
import { printable } from "../output/printable";
import { type Session, withSession } from "../session/session";
import { CommandEnds } from "./command-ends";

/** `fleetctl console`: a live AT line. */
export function addConsole(program: Command): void {
  program
    .command("console <device>")
    .description("Talk to a device's module by AT commands, alone with it; Ctrl-D or Ctrl-C ends it")
    .option(
      "--idle <seconds>",
      "ends by itself when nothing is said for so long, 300 unless given",
      wholeNumber(10, 300),
    )
    .action(withSession(talk));
}

async function talk(session: Session, given: string, { idle }: { idle?: number }): Promise<ExitCode | undefined> {
  const { client, output, connection } = session;
  const id = await deviceId(client, given);
  const isTyped = process.stdin.isTTY;
  const ends = new CommandEnds();
  const lines = createInterface({
    input: process.stdin,
    // A prompt is for a person; what is piped in is not shown again.
    ...(isTyped && { output: process.stdout, prompt: "> " }),
    terminal: isTyped,
  });
  const terminal: DeviceConsole = await client
    .console(id, {
      ...(idle !== undefined && { idleS: idle }),
      WebSocket: connection.WebSocket,
      onOutput: ({ from, text }) => {
        ends.hear(from, text);
        // Readline shows what a person typed already.
        if (from !== "sent" || output.isJson) {
          if (isTyped) process.stdout.write("\r\u001b[K");
          output.entry({ from, text }, () =>
            output.paint(from === "note" ? "yellow" : "cyan", printable(text).trimEnd()),
          );
        }
        if (isTyped) lines.prompt(true);
      },
    })
    .catch((error: unknown) => {
      lines.close();
      throw error;
    });
  const stop = () => {
    ends.giveUp();
    lines.close();
  };
  lines.once("SIGINT", stop); // a Ctrl-C that was typed, as good as Ctrl-D
  const interrupted = session.untilInterrupted();
  interrupted.addEventListener("abort", stop);
  const ended: { reason?: string } = {};
  void terminal.closed.then((reason) => {
    ended.reason = reason;
    stop();
  });
  if (isTyped) {
    output.note("connected; one command a line, Ctrl-D ends");
    lines.prompt();
  }
  for await (const line of lines) {
    const command = line.trim();
    if (command !== "") {
      terminal.send(command);
      // A script's next command waits, so that each answer stands behind its own.
      if (!isTyped) await ends.next();
    } else if (isTyped) lines.prompt();
  }
  if (ended.reason !== undefined) {
    output.note(`closed: ${printable(ended.reason)}`);
    return EXIT.failed;
  }
  await terminal.close();
  output.note(isTyped ? "\nclosed" : "closed");
  return interrupted.aborted ? EXIT.interrupted : undefined;
}
