/**
 * Control characters would steer the terminal, and those that turn the direction of writing would show something else than
 * is there: what a device or another user wrote holds none of them any more.
 */
// eslint-disable-next-line no-control-regex -- these are what is meant
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text for a terminal: line ends and tabs stay, whatever else steers is written out as `\x1b`. */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(STEERING, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });
}
