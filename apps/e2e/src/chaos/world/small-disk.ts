import { execFile } from "node:child_process";
import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A disk of its own that can become full: a file system in memory, mounted on a folder. Needs root on Linux. */
export class SmallDisk {
  private constructor(
    readonly folder: string,
    private readonly sizeMib: number,
    /** Why it cannot become full: it is no disk of its own, but a folder. */
    private readonly refusal: string | undefined,
  ) {}

  /** Where this machine does not let us mount one, it is a folder like any other, and `fill` says so. */
  static async mount(folder: string, sizeMib: number): Promise<SmallDisk> {
    mkdirSync(folder, { recursive: true });
    const refusal = await run("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m,mode=755`, "mn316-chaos", folder]).then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    );
    return new SmallDisk(folder, sizeMib, refusal);
  }

  /**
   * Takes what is free away, but for some pages.
   * @throws Error where this machine has no such disk
   */
  async fill(): Promise<void> {
    if (this.refusal !== undefined)
      throw new Error(`no disk that can become full: mounting one needs root on Linux (${this.refusal})`);
    const { blocks, bfree, bsize } = statfsSync(this.folder);
    const usedKib = Math.ceil(((blocks - bfree) * bsize) / 1_024);
    await this.resize(`${usedKib + 64}k`);
  }

  /** Gives it back. */
  async free(): Promise<void> {
    await this.resize(`${this.sizeMib}m`);
  }

  async unmount(): Promise<void> {
    if (this.refusal === undefined) await run("umount", [this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async resize(size: string): Promise<void> {
    await run("mount", ["-o", `remount,size=${size}`, this.folder]);
  }
}
