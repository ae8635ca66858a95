import { anyDocumentLines } from "./any-document";
import { printable } from "./printable";
import { progressLine } from "./progress";
import { type Column, tableLines } from "./table";
import { duration, moment } from "./words";

const COUNTS = {
  queued: 0,
  sent: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  timedOut: 0,
  rejected: 0,
  canceled: 0,
  expired: 0,
};

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe("what people read", () => {
  const columns: Column<{ name: string; count: number }>[] = [
    { title: "NAME", value: ({ name }) => name },
    { title: "COUNT", value: ({ count }) => String(count), isRight: true },
  ];

  it("stands in columns, also where characters are wide or colours are added", async () => {
    const rows = [
      { name: "泵站", count: 7 },
      { name: "a", count: 1_000 },
    ];
    expect(await collect(tableLines(columns, rows))).toEqual(["NAME  COUNT", "泵站      7", "a      1000"]);
    const painted = columns.map((column) => ({ ...column, paint: (text: string) => `<${text}>` }));
    expect((await collect(tableLines(painted, rows)))[1]).toBe("<泵站>      <7>");
    expect(await collect(tableLines(columns, []))).toEqual(["NAME  COUNT"]);
  });

  it("begins before a long list has ended", async () => {
    let given = 0;
    const endless = function* () {
      for (;;) yield { name: "x", count: given++ };
    };
    const lines = tableLines(columns, endless());
    for (let index = 0; index < 600; index++) await lines.next();
    expect(given).toBeLessThan(700);
    await lines.return();
  });

  it("holds nothing that steers the terminal", async () => {
    expect(printable("a\u001b[2Jb\r\nc\rd\u009b\u202e\te")).toBe("a\\x1b[2Jb\nc\\x0dd\\x9b\\u202e\te");
    const [, row] = await collect(tableLines(columns, [{ name: "a\n\u001b]0;x\u0007", count: 1 }]));
    expect(row).toBe("a \\x1b]0;x\\x07      1");
  });

  it("shows a job's progress", () => {
    const job = { status: "ROLLING_OUT", isPaused: false, targets: { mode: "ids", isExpanded: true } } as const;
    expect(progressLine({ ...job, counts: { ...COUNTS, succeeded: 4, failed: 1, running: 2, queued: 3 } })).toBe(
      "[###############---------------] 5 of 10, 4 succeeded, 1 failed, 2 running, 3 queued",
    );
    expect(
      progressLine({ ...job, targets: { mode: "snapshot", isExpanded: false }, isPaused: true, counts: COUNTS }),
    ).toBe(`[${"-".repeat(30)}] 0 of 0 so far, paused`);
  });

  it("tells any document, its lists as tables", async () => {
    const document = {
      from: "x",
      totals: { a: 1, b: null },
      rows: [
        { at: "y", in: { c: 2 } },
        { at: "z", d: "e" },
      ],
      none: [],
    };
    expect(await anyDocumentLines(document)).toEqual([
      "from:      x",
      "totals.a:  1",
      "totals.b:  –",
      "",
      "rows:",
      "AT  IN.C  D",
      "y      2  –",
      "z      –  e",
      "",
      "none:",
      "no none",
    ]);
    expect(await anyDocumentLines([])).toEqual(["no items"]);
  });

  it("names moments and lengths of time", () => {
    expect(moment(null)).toBe("–");
    expect(moment(new Date(2026, 10, 7, 8, 9, 5).toISOString())).toBe("2026-11-07 08:09:05");
    expect([5, 65, 3_700, 90_000].map(duration)).toEqual(["5 s", "1 min 5 s", "1 h 1 min", "1 d 1 h"]);
  });
});
