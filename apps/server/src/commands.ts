import pino from "pino";
import { parseArgs } from "node:util";
import { explainStartFailure } from "./platform/problems/start-failure";
import { readSettings } from "./platform/settings/read-settings";
import type { Settings } from "./platform/settings/settings";
import { rotatePasswords } from "./rotate-passwords";
import { describeReport, readAnchor, verifyAudit } from "./verify-audit";
import { readVerifyOptions, verifyRollups } from "./verify-rollups";

/** What a command says, and whether all is well. */
interface Said {
  text: string;
  isWell: boolean;
}

type Command = (settings: Settings, args: string[]) => Promise<Said[]>;

const logger = pino({ level: "warn" });

/** What the program does instead of serving, by its first argument. */
const COMMANDS: Record<string, Command> = {
  "rotate-passwords": async (settings) => {
    const { resealed, unreadable } = await rotatePasswords(settings, logger);
    const done = { text: `${resealed} passwords encrypted with the first key.`, isWell: true };
    if (unreadable === 0) return [done];
    const left = `${unreadable} passwords were encrypted with a key that FLEET_SECRET_KEY does not name.`;
    return [done, { text: left, isWell: false }];
  },
  "verify-audit": async (settings, args) => {
    const { values } = parseArgs({ args, options: { expect: { type: "string" } } });
    const report = await verifyAudit(
      settings,
      logger,
      values.expect === undefined ? undefined : readAnchor(values.expect),
    );
    return [{ text: describeReport(report), isWell: report.broken === undefined }];
  },
  "verify-rollups": async (settings, args) => {
    const { isRight, report } = await verifyRollups(settings, readVerifyOptions(args), logger, (line) =>
      process.stderr.write(line),
    );
    return [{ text: report, isWell: isRight }];
  },
};

/** Runs the command that the arguments name; the exit code says whether all is well. @returns false where they name none */
export function runCommand([name = "", ...args]: string[]): boolean {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return false;
  void run(command, args);
  return true;
}

async function run(command: Command, args: string[]): Promise<void> {
  let settings: Settings | undefined;
  try {
    settings = readSettings(process.env);
    for (const { text, isWell } of await command(settings, args)) {
      (isWell ? process.stdout : process.stderr).write(`${text}\n`);
      if (!isWell) process.exitCode = 1;
    }
  } catch (error) {
    process.stderr.write(`${explainStartFailure(error, settings)}\n`);
    process.exitCode = 1;
  }
}
