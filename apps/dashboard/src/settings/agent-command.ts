/**
 * The command that starts an agent which creates its own device.
 * @param origin of this page, `http://host:port`
 */
export function agentCommand(origin: string, enrollmentKey: string): string {
  const server = origin.replace(/^http/, "ws");
  return `npx mn316-agent --server ${server} --enrollment-key ${enrollmentKey} --port /dev/ttyUSB0`;
}
