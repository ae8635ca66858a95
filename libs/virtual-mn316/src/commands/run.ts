import { Arguments } from "./arguments";
import { BASIC_COMMANDS } from "./basic";
import type { Answer, Command, CommandContext } from "./command";
import { CommandRefused } from "./errors";
import { MQTT_COMMANDS } from "./mqtt";
import { SISTER_COMMANDS } from "./sister";

const COMMANDS = new Map<string, Command>(Object.entries({ ...BASIC_COMMANDS, ...MQTT_COMMANDS }));
const SISTER = new Map<string, Command>(Object.entries({ ...BASIC_COMMANDS, ...SISTER_COMMANDS }));
const LINE = /^AT(?:\+([A-Z0-9]+)(=\?|\?|=(.*))?|(E[01]?|I|Z|&F)?)$/is;

/**
 * Carries out one command line.
 * @param line one character a byte (latin1)
 * @throws CommandRefused
 */
export function runCommand(line: string, context: CommandContext): Answer {
  const match = LINE.exec(line);
  if (!match) throw new CommandRefused("unknown-command");
  const [, name, form, args, basic] = match;
  if (name === undefined) return runBasic(basic?.toUpperCase(), context);
  const commands = context.dialect.grammar === "sister" ? SISTER : COMMANDS;
  const command = commands.get(name.toUpperCase());
  if (!command) throw new CommandRefused("unknown-command");
  const answer =
    form === undefined
      ? command.execute?.(context)
      : form === "?"
        ? command.read?.(context)
        : form === "=?"
          ? {} // the test form says OK: the command is there
          : command.set?.(new Arguments(args ?? ""), context);
  if (!answer) throw new CommandRefused("unknown-command");
  return answer;
}

function runBasic(command: string | undefined, context: CommandContext): Answer {
  if (command === "E" || command === "E0") context.isEchoOn = false;
  if (command === "E1") context.isEchoOn = true;
  if (command === "I") {
    const { manufacturer, model, firmware } = context.identity;
    return { lines: [manufacturer, model, firmware] };
  }
  return {};
}
