/** Whether a topic is one that a subscription's filter takes (MQTT 3.1.1 §4.7). */
export function topicMatches(filter: string, topic: string): boolean {
  const levels = filter.split("/");
  const parts = topic.split("/");
  for (const [index, level] of levels.entries()) {
    if (level === "#") return true;
    if (parts[index] === undefined || (level !== "+" && level !== parts[index])) return false;
  }
  return parts.length === levels.length;
}
