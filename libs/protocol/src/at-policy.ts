/** Which AT commands jobs may run on a device; an empty `allow` allows all that `deny` does not name. */
export interface AtPolicy {
  allow: readonly string[];
  deny: readonly string[];
}

/**
 * Why a policy forbids an AT command.
 * @param command as it would go on the line, for example `AT+CFUN=1,1`
 * @returns undefined where the command may run
 */
export function forbiddenBy({ allow, deny }: AtPolicy, command: string): string | undefined {
  const name = /^[^=?]*/.exec(command.trim().toUpperCase())?.[0] ?? "";
  const denying = deny.find((pattern) => matches(pattern, name));
  if (denying !== undefined) return `at.deny forbids ${denying}`;
  if (allow.length > 0 && !allow.some((pattern) => matches(pattern, name))) return `at.allow does not name ${name}`;
  return undefined;
}

/** A pattern is a command's name, or its beginning and `*`; letters count in either case. */
function matches(pattern: string, name: string): boolean {
  const upper = pattern.toUpperCase();
  return upper.endsWith("*") ? name.startsWith(upper.slice(0, -1)) : name === upper;
}
