import { barsOf } from "./signal-level";

it.each([
  [-113, 1],
  [-103, 2],
  [-90, 3],
  [-51, 4],
])("shows %d dBm as %d bars", (dbm, bars) => {
  expect(barsOf(dbm)).toBe(bars);
});
