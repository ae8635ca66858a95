/** The password in settings as a caller sent them, whatever it is. */
export function passwordIn(settings: Record<string, unknown>): unknown {
  const { mqtt } = settings;
  return isObject(mqtt) ? mqtt.password : undefined;
}

/** The same settings without it; those that hold nothing else keep an empty `mqtt`. */
export function withoutPassword(settings: Record<string, unknown>): Record<string, unknown> {
  if (!isObject(settings.mqtt)) return settings;
  const { password: _password, ...mqtt } = settings.mqtt;
  return { ...settings, mqtt };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
