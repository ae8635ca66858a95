import type { FleetClient } from "@mn316-fleet/client";
import type { Command } from "commander";
import type { ExitCode } from "../exit-codes";
import { Output } from "../output/output";
import { Connection } from "./connection";
import { chooseContext, type Context } from "./contexts";

/** Options that every command takes. */
export interface GlobalOptions {
  json?: boolean;
  color?: boolean;
  context?: string;
  url?: string;
}

/** One run of the program: which server, and how to speak. */
export class Session {
  readonly output: Output;
  private opened: Connection | undefined;

  constructor(readonly options: GlobalOptions) {
    this.output = new Output(options);
  }

  get context(): Context {
    return chooseContext(this.options);
  }

  get connection(): Connection {
    return (this.opened ??= new Connection(this.context));
  }

  get client(): FleetClient {
    return this.connection.client;
  }

  /** Aborted by the first Ctrl-C, for what ends in order; a second one ends the program at once. */
  untilInterrupted(): AbortSignal {
    const end = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => {
        end.abort();
      });
    return end.signal;
  }
}

/** Gives an action its session, and the program the exit code that the action answers. */
export function withSession<A extends unknown[]>(
  work: (session: Session, ...args: A) => Promise<ExitCode | undefined> | Promise<void>,
) {
  return async (...given: [...A, Command]): Promise<void> => {
    const command = given.at(-1) as Command;
    const code = await work(new Session(command.optsWithGlobals<GlobalOptions>()), ...(given.slice(0, -1) as A));
    if (typeof code === "number") process.exitCode = code;
  };
}
