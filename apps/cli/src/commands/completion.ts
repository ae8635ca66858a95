import { Argument, type Command } from "commander";
import { COMPLETION_SCRIPTS, type Shell } from "../completion/scripts";
import { suggest } from "../completion/suggest";
import { readContexts } from "../session/contexts";

/** `fleetctl completion`: what a shell needs to complete words. */
export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("Print what a shell needs to complete words: source <(fleetctl completion bash)")
    .addArgument(new Argument("<shell>").choices(Object.keys(COMPLETION_SCRIPTS)))
    .action((shell: Shell) => {
      process.stdout.write(COMPLETION_SCRIPTS[shell]);
    });
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .action((words: string[]) => {
      const contexts = () => Object.keys(readContexts().contexts);
      // After `use` and `logout` a server's name stands as an argument.
      const names = /^(use|logout)$/.test(words[0] ?? "") && words.length === 2 ? contexts() : [];
      const found = [
        ...suggest(program, words, { "--context": contexts }),
        ...names.filter((name) => name.startsWith(words[1] ?? "")).map((word) => ({ word, about: "" })),
      ];
      for (const { word, about } of found) process.stdout.write(`${word}\t${about.split("\n")[0] ?? ""}\n`);
    });
}
