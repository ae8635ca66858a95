import { BASIC_COMMANDS, MQTT_COMMANDS, type CommandEntry } from "@mn316-fleet/manual";

/** A way to write a command, with what it is for. */
export interface Suggestion {
  command: string;
  about: string;
  section: string;
}

const COMMANDS: readonly CommandEntry[] = [...MQTT_COMMANDS, ...BASIC_COMMANDS];

/** All forms of all commands, as they are typed. */
const FORMS: readonly Suggestion[] = COMMANDS.flatMap(({ name, about, section, set, hasRead, hasExecute }) => {
  const form = (tail: string): Suggestion => ({ command: `AT+${name}${tail}`, about, section });
  return [
    ...(hasExecute ? [form("")] : []),
    ...(hasRead ? [form("?")] : []),
    ...(set ? [form(`=${set.map((parameter) => `<${parameter.name}>`).join(",")}`)] : []),
  ];
});

/** The forms that begin as what was typed, or whose command was typed already and now wants its arguments. */
export function suggestionsFor(typed: string, most = 8): Suggestion[] {
  const text = typed.trim().toUpperCase();
  if (text === "") return [];
  const name = text.split(/[=?]/)[0] ?? "";
  return FORMS.filter(({ command }) => {
    const form = command.toUpperCase();
    return form.startsWith(text) || (text.includes("=") && form.startsWith(`${name}=`));
  }).slice(0, most);
}

/** What may be filled in for a form: its command up to where the arguments begin. */
export const completionOf = ({ command }: Suggestion): string => command.replace(/=.*$/, "=");
