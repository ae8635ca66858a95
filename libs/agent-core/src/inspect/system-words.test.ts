import { adviceFor } from "./advice";
import { systemWords } from "./system-words";

describe("what is advised", () => {
  it("is said in the words of the system, and in those of Linux where it is another one", () => {
    expect(systemWords("win32").allowPort).toContain("another program");
    expect(systemWords("darwin").listPorts).toContain("/dev/cu.*");
    expect(systemWords("linux").allowPort).toContain("dialout");
    expect(systemWords("freebsd")).toBe(systemWords("linux"));
  });

  it("is that of the first case that fits", () => {
    const cases = [
      [/HTTP 407/, "proxy"],
      [/HTTP/, "other"],
    ] as const;
    expect(["HTTP 407", "HTTP 404", "ECONNRESET"].map((found) => adviceFor(cases, found))).toEqual([
      "proxy",
      "other",
      undefined,
    ]);
  });
});
