import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../../../../tools/lib/workspace.mjs";

const MOVABLE_CLOCK = pathToFileURL(path.join(ROOT, "apps/e2e/dist/movable-clock.js")).href;

/** The wall clocks of a world's programs, each by its name. */
export class Clocks {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** What a program's environment must hold. @param name of its clock; a server's is its `FLEET_NODE_ID` */
  env(name?: string): Record<string, string> {
    return {
      NODE_OPTIONS: `--import=${MOVABLE_CLOCK}`,
      CHAOS_CLOCKS: this.folder,
      ...(name !== undefined && { CHAOS_CLOCK: name }),
    };
  }

  /** Lets a clock stand so many milliseconds before (or, below 0, behind) the system's. */
  set(name: string, offsetMs: number): void {
    writeFileSync(path.join(this.folder, name), String(offsetMs));
  }

  /** Sets it right. */
  reset(name: string): void {
    rmSync(path.join(this.folder, name), { force: true });
  }
}
