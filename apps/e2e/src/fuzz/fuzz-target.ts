import fc from "fast-check";

/** How one target is fuzzed. */
export interface FuzzOptions {
  /** The same seed tries the same inputs. */
  seed: number;
  /** How many inputs, at least. */
  runs: number;
}

/** Something that reads what strangers send. */
export interface FuzzTarget {
  /** What its inputs are, in a few words. */
  inputs: string;
  /** Runs of `npm run fuzz`, unless others are asked for. */
  runs: number;
  /**
   * Tries inputs until one does what none may do.
   * @returns how many were tried
   * @throws Error with the smallest such input that was found
   */
  fuzz(options: FuzzOptions): Promise<number>;
}

/** Of an input, in a report. */
const MOST_CHARACTERS = 4_000;

/** Inputs of one kind against one property, which is to throw where an input does what none may do. */
export async function tryInputs<T>(
  inputs: fc.Arbitrary<T>,
  { seed, runs }: FuzzOptions,
  holds: (input: T) => Promise<void> | void,
): Promise<number> {
  let tried = 0;
  const found = await fc.check(
    fc.asyncProperty(inputs, async (input) => {
      tried++;
      await holds(input);
    }),
    { seed, numRuns: runs },
  );
  if (found.failed) {
    const input = fc.stringify(found.counterexample).slice(0, MOST_CHARACTERS);
    throw new Error(`${String(found.errorInstance)}\nwith ${input} (seed ${seed}, path ${found.counterexamplePath})`);
  }
  return tried;
}
