import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "../files";

const FILE = "token";

/**
 * What this device proves itself with: the token in its data folder (from an enrolment, or pushed by the server), and the one
 * of its settings. The folder's is tried first, for a pushed one is newer; where the server refuses one the other has its
 * turn, for an operator may have rotated by hand meanwhile.
 */
export class Tokens {
  private constructor(
    private readonly file: string,
    /** In the order in which they are tried. */
    private candidates: readonly string[],
  ) {}

  /** @param given the token of the settings, where they hold one */
  static async open(dataDir: string, given: string | undefined): Promise<Tokens> {
    const file = path.join(dataDir, FILE);
    const kept = await readFile(file, "utf8").then(
      (text) => text.trim(),
      () => "",
    );
    const candidates = [kept, given ?? ""].filter((token, index, all) => token !== "" && all.indexOf(token) === index);
    return new Tokens(file, candidates);
  }

  /** The token to try now; undefined where there is none yet. */
  get current(): string | undefined {
    return this.candidates[0];
  }

  /** Puts a token on disk, and from then on in front of all others. */
  async keep(token: string): Promise<void> {
    await writeWhole(this.file, `${token}\n`);
    this.candidates = [token, ...this.candidates.filter((other) => other !== token)].slice(0, 2);
  }

  /** The server did not accept the present one: the other, if there is one, has its turn. */
  refused(): void {
    const [first, ...others] = this.candidates;
    if (first !== undefined) this.candidates = [...others, first];
  }
}

/** Proof of a token that does not give it away. */
export function proofOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
