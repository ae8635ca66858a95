import { useComputedColorScheme } from "@mantine/core";
import { FitAddon } from "@xterm/addon-fit";
import { Terminal as XTerm } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";

export interface TerminalHandle {
  /** @param color SGR colour, 31 to 37; the usual one unless given */
  print: (text: string, color?: number) => void;
}

const THEMES = {
  light: {
    background: "#f8f9fa",
    foreground: "#212529",
    cursor: "#f8f9fa",
    cyan: "#0b7285",
    green: "#2b8a3e",
    yellow: "#8f5a00",
  },
  dark: {
    background: "#1a1b1e",
    foreground: "#e9ecef",
    cursor: "#1a1b1e",
    cyan: "#66d9e8",
    green: "#8ce99a",
    yellow: "#ffd43b",
  },
};

/** What was said, and scrolls; what a module sends is shown, never obeyed. */
export function Terminal({ label, ref }: { label: string; ref: Ref<TerminalHandle> }) {
  const host = useRef<HTMLDivElement>(null);
  const terminal = useRef<XTerm>(undefined);
  const scheme = useComputedColorScheme();
  useEffect(() => {
    if (!host.current) return;
    const fit = new FitAddon();
    const made = new XTerm({
      disableStdin: true,
      convertEol: true,
      fontSize: 13,
      scrollback: 5_000,
      screenReaderMode: true,
    });
    made.loadAddon(fit);
    made.open(host.current);
    fit.fit();
    terminal.current = made;
    const watch = new ResizeObserver(() => {
      fit.fit();
    });
    watch.observe(host.current);
    return () => {
      watch.disconnect();
      made.dispose();
    };
  }, []);
  useEffect(() => {
    if (terminal.current) terminal.current.options.theme = THEMES[scheme];
  }, [scheme]);
  useImperativeHandle(
    ref,
    () => ({
      print: (text, color) => {
        const plain = asLines(text);
        terminal.current?.writeln(color === undefined ? plain : `\u001B[${color}m${plain}\u001B[0m`);
      },
    }),
    [],
  );
  return <div ref={host} role="log" aria-label={label} style={{ height: 360 }} />;
}

/** The lines of what was said. A module may send escape sequences; they must not move this terminal's cursor. */
function asLines(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line !== "");
  return lines.map((line) => line.replaceAll(/\p{Cc}/gu, "·")).join("\n");
}
