import { createTheme, type CSSVariablesResolver } from "@mantine/core";

/** Shades that keep white text on filled buttons, and links on the page, above a contrast of 4.5 : 1. */
export const theme = createTheme({
  primaryColor: "cyan",
  primaryShade: { light: 9, dark: 9 },
  defaultRadius: "md",
  cursorType: "pointer",
});

/** Words on a tint of their own colour, as in badges, are too pale in the light scheme. */
const inkOnTint = Object.fromEntries(
  ["cyan", "teal", "orange", "red", "yellow", "gray"].map((color) => [
    `--mantine-color-${color}-light-color`,
    `color-mix(in srgb, var(--mantine-color-${color}-9), black 30%)`,
  ]),
);

/** The library makes filled buttons lighter under the pointer, too light for their white words. */
const filledUnderPointer = Object.fromEntries(
  ["cyan", "red"].map((color) => [
    `--mantine-color-${color}-filled-hover`,
    `color-mix(in srgb, var(--mantine-color-${color}-9), black 15%)`,
  ]),
);

/** The library's dimmed text is below a contrast of 4.5 : 1 in both schemes, and its links on dark ground are, too. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...inkOnTint,
    ...filledUnderPointer,
    "--mantine-color-dimmed": "var(--mantine-color-gray-7)",
    "--fleet-page": "var(--mantine-color-gray-0)",
    "--fleet-empty": "var(--mantine-color-gray-3)",
    "--fleet-chosen": "var(--mantine-color-cyan-0)",
    "--fleet-differs": "var(--mantine-color-orange-0)",
    "--fleet-lane": "var(--mantine-color-gray-1)",
  },
  dark: {
    ...filledUnderPointer,
    "--mantine-color-dimmed": "var(--mantine-color-dark-1)",
    "--mantine-color-anchor": "var(--mantine-color-cyan-4)",
    "--fleet-page": "var(--mantine-color-dark-8)",
    "--fleet-empty": "var(--mantine-color-dark-4)",
    "--fleet-chosen": "var(--mantine-color-dark-6)",
    "--fleet-differs": "var(--mantine-color-dark-5)",
    "--fleet-lane": "var(--mantine-color-dark-6)",
  },
});
