const MASK = "***";
const TOKEN = "+MQTTCFG";
const CONFIG = /\+MQTTCFG ?[:=] ?/i;
/** Behind host, port, id, keepAlive and user (§2.1). */
const PASSWORD_FIELD = 5;
const LINE_END = /[\r\n]/;
const NOTHING = /^("?\*+"?|""|)$/;

/**
 * Masks the password of one configuration, written (`AT+MQTTCFG=…`) or read back by a module that does not mask it itself.
 * Where bare strings with commas leave open which field it is, all that could be are masked.
 * @param line up to its end, or as far as it came
 */
export function maskedConfig(line: string): { line: string; password?: string } {
  const head = CONFIG.exec(line);
  if (!head) return { line };
  const begin = head.index + head[0].length;
  const fields = fieldsOf(line.slice(begin));
  const end = Math.max(PASSWORD_FIELD + 1, fields.length - flagsAtEnd(fields));
  let password: string | undefined;
  const masked = fields.map((field, index) => {
    if (index < PASSWORD_FIELD || index >= end || NOTHING.test(field)) return field;
    password ??= field.replace(/^"|"$/g, "");
    return field.startsWith('"') ? `"${MASK}"` : MASK;
  });
  return { line: line.slice(0, begin) + masked.join(","), ...(password !== undefined && { password }) };
}

/** Masks all configurations in a text. What begins at `open` may be one whose end is still to come. */
export function maskedConfigs(text: string): { text: string; open: number } {
  const upper = text.toUpperCase();
  let masked = "";
  let from = 0;
  for (let at = upper.indexOf(TOKEN); at >= 0; at = upper.indexOf(TOKEN, from)) {
    const length = text.slice(at).search(LINE_END);
    masked += text.slice(from, at);
    if (length < 0) return { text: masked + text.slice(at), open: masked.length };
    masked += maskedConfig(text.slice(at, at + length)).line;
    from = at + length;
  }
  masked += text.slice(from);
  return { text: masked, open: masked.length - beginAtEnd(masked.toUpperCase(), TOKEN) };
}

/** Length of the longest begin of a word with which a text ends. */
export function beginAtEnd(text: string, word: string): number {
  for (let length = Math.min(word.length - 1, text.length); length > 0; length--)
    if (text.endsWith(word.slice(0, length))) return length;
  return 0;
}

/** Cuts at the commas that stand outside quotes. */
function fieldsOf(text: string): string[] {
  const fields: string[] = [];
  let begin = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === "," && !isQuoted) {
      fields.push(text.slice(begin, at));
      begin = at + 1;
    }
  }
  return [...fields, text.slice(begin)];
}

/** `clean`, and `encrypt` where it is given. */
function flagsAtEnd(fields: readonly string[]): number {
  const isFlag = (index: number) => /^[01] *$/.test(fields.at(index) ?? "");
  return isFlag(-1) ? (isFlag(-2) ? 2 : 1) : 0;
}
