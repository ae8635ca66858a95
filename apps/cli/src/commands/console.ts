import type { Command } from "commander";
import { createInterface, type Interface } from "node:readline";
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
  let lines: Interface | undefined;
  const terminal = await client.console(id, {
    ...(idle !== undefined && { idleS: idle }),
    WebSocket: connection.WebSocket,
    onOutput: ({ from, text }) => {
      ends.hear(from, text);
      // What a person typed is on the screen already.
      if (isTyped && from === "sent" && !output.isJson) return;
      if (isTyped) process.stdout.write("\r\u001b[K"); // the prompt, which comes again below
      const colour = from === "note" ? "yellow" : "cyan";
      output.entry({ from, text }, () => output.paint(colour, printable(text).trimEnd()));
      if (isTyped) lines?.prompt(true);
    },
  });
  // Not before: lines that come while nobody iterates would be lost.
  const reader = (lines = readLines(isTyped));
  const stop = () => {
    ends.giveUp();
    reader.close();
  };
  reader.once("SIGINT", stop); // a Ctrl-C that was typed, as good as Ctrl-D
  const interrupted = session.untilInterrupted();
  interrupted.addEventListener("abort", stop);
  const ended: { reason?: string } = {};
  void terminal.closed.then((reason) => {
    ended.reason = reason;
    stop();
  });
  if (isTyped) output.note("connected; one command a line, Ctrl-D ends");
  reader.prompt();
  for await (const line of reader) {
    const command = line.trim();
    if (command === "") reader.prompt();
    else {
      terminal.send(command);
      // A script's next command waits, so that each answer stands behind its own.
      if (!isTyped) await ends.next(command);
    }
  }
  if (ended.reason !== undefined) {
    output.note(`closed: ${printable(ended.reason)}`);
    return EXIT.failed;
  }
  await terminal.close();
  output.note(isTyped ? "\nclosed" : "closed");
  return interrupted.aborted ? EXIT.interrupted : undefined;
}

/** A prompt is for a person; what is piped in is not shown again. */
function readLines(isTyped: boolean): Interface {
  return createInterface({
    input: process.stdin,
    ...(isTyped && { output: process.stdout }),
    prompt: isTyped ? "> " : "",
    terminal: isTyped,
  });
}
