/** The agent's version, as the server sees it. */
export const VERSION = "0.1.0";
