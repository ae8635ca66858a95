import type { Command, Option } from "commander";

export interface Suggestion {
  word: string;
  about: string;
}

/**
 * What may stand where the cursor is. Nothing means a file, or a thing of the server, which is not asked.
 * @param words what stands behind the program's name; the last one is being typed and may be empty
 * @param values those of options that are known only while the program runs, by the option's long name
 */
export function suggest(program: Command, words: string[], values: Record<string, () => string[]> = {}): Suggestion[] {
  const typed = words.at(-1) ?? "";
  let command = program;
  let awaited: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (awaited) awaited = undefined;
    else if (word.startsWith("-")) awaited = optionOf(command, word);
    else command = command.commands.find((each) => each.name() === word || each.aliases().includes(word)) ?? command;
  }
  return candidates(command, typed, awaited, values).filter(({ word }) => word.startsWith(typed));
}

function candidates(
  command: Command,
  typed: string,
  awaited: Option | undefined,
  values: Record<string, () => string[]>,
): Suggestion[] {
  if (awaited) {
    const known = awaited.argChoices ?? values[awaited.long ?? ""]?.() ?? [];
    return known.map((word) => ({ word, about: "" }));
  }
  if (typed.startsWith("-"))
    return optionsOf(command)
      .filter(({ hidden, long }) => !hidden && long)
      .map(({ long, description }) => ({ word: long ?? "", about: description }));
  const help = command.createHelp();
  const subcommands = help
    .visibleCommands(command)
    .map((each) => ({ word: each.name(), about: each.summary() || each.description() }));
  const [argument] = command.registeredArguments;
  return [...subcommands, ...(argument?.argChoices ?? []).map((word) => ({ word, about: "" }))];
}

/** Its own, then those of the commands above it. */
function optionsOf(command: Command): Option[] {
  return [...command.createHelp().visibleOptions(command), ...(command.parent ? optionsOf(command.parent) : [])].filter(
    ({ long }, index, all) => all.findIndex((other) => other.long === long) === index,
  );
}

/** The option that a word names, if the next word is its value. */
function optionOf(command: Command, word: string): Option | undefined {
  if (word.includes("=")) return undefined;
  return optionsOf(command).find(({ long, short, required }) => required && (word === long || word === short));
}
