/** Below each of these a bar less is shown; usual steps for received signal strength in dBm. */
const STEPS_DBM = [-103, -93, -83];

/** 1 (weak) to 4 (strong) bars. */
export function barsOf(dbm: number): number {
  return 1 + STEPS_DBM.filter((step) => dbm >= step).length;
}
