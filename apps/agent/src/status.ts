import { type LocalStatus, readStatus } from "./status-socket";

/**
 * Prints how the agents that run on this machine with these settings are.
 * @returns the exit code: 0 when each runs and is connected to its server
 */
export async function status(modules: { port: string; dataDir: string }[]): Promise<number> {
  let code = 0;
  for (const { port, dataDir } of modules) {
    try {
      const found = await readStatus(dataDir);
      process.stdout.write(`${port}\n${inWords(found, Date.now())}`);
      if (!found.agent.server.isConnected) code = 1;
    } catch (error) {
      process.stdout.write(`${port}\n  agent    does not run on ${dataDir} (${(error as Error).message})\n`);
      code = 1;
    }
  }
  return code;
}

function inWords({ pid, agent, lastError }: LocalStatus, now: number): string {
  const { server, module, outbox, config } = agent;
  const link = server.isConnected ? "connected" : "not connected";
  const name = [module.model, module.imei].filter(Boolean).join(" ");
  const lines: [string, string][] = [
    ["agent", `version ${agent.version}, process ${pid}, running ${since(agent.startedAt, now)}`],
    ["server", `${server.url}: ${link} ${since(server.since, now)}${reasonOf(server)}`],
    [
      "module",
      `${module.isPortOpen ? module.state : "serial port not open"} ${since(module.since, now)}${name && `, ${name}`}`,
    ],
    [
      "outbox",
      `${outbox.waiting} events wait, ${(outbox.sizeBytes / 1024).toFixed(0)} KiB${outbox.refusal ? `: ${outbox.refusal}` : ""}`,
    ],
    [
      "config",
      `version ${config.version}${config.status ? ` ${config.status}` : ""}${config.reason ? `: ${config.reason}` : ""}`,
    ],
  ];
  if (lastError) lines.push(["error", `${since(lastError.at, now)} ago: ${lastError.message}`]);
  return lines.map(([subject, text]) => `  ${subject.padEnd(8)} ${text}\n`).join("");
}

function reasonOf({ isConnected, lastEnd }: LocalStatus["agent"]["server"]): string {
  return isConnected || lastEnd === undefined ? "" : ` (${lastEnd})`;
}

/** How long, as a person would say it. */
function since(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
