import { coarser } from "./distribution";

const step = (fromSeconds: number, outages: number) => ({ fromSeconds, toSeconds: fromSeconds * 1.19, outages });

it("puts the steps of a distribution together, and loses none", () => {
  const columns = coarser([step(0, 1), step(9, 2), step(10, 3), step(400, 4), step(1e6, 5)]);
  expect(columns.filter(({ outages }) => outages > 0)).toEqual([
    { fromSeconds: 0, outages: 3 },
    { fromSeconds: 10, outages: 3 },
    { fromSeconds: 300, outages: 4 },
    { fromSeconds: 86_400, outages: 5 },
  ]);
});

it("is empty where there was none", () => {
  expect(coarser([])).toEqual([]);
});
