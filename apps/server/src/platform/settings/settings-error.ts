/** A setting that stops the start; the message names the variable and what is expected. */
export class SettingsError extends Error {}
