const SLASH = 47;
const PLUS = 43;
const HASH = 35;
const DOLLAR = 36;

/**
 * Whether a topic is one that a subscription's filter takes (MQTT 3.1.1 §4.7). Walks both at once and stops at the first
 * difference, for a hostile line can ask it thousands of times.
 */
export function topicMatches(filter: string, topic: string): boolean {
  const first = filter.charCodeAt(0);
  // §4.7.2: topics of the broker's own are no match for a leading wildcard.
  if (topic.charCodeAt(0) === DOLLAR && (first === PLUS || first === HASH)) return false;
  let at = 0;
  for (let index = 0; index < filter.length; index++) {
    const char = filter.charCodeAt(index);
    if (char === HASH) return true;
    if (char === PLUS) {
      while (at < topic.length && topic.charCodeAt(at) !== SLASH) at++;
    } else if (at === topic.length) {
      // `a/#` takes `a` too (§4.7.1.2)
      return char === SLASH && index === filter.length - 2 && filter.charCodeAt(index + 1) === HASH;
    } else if (topic.charCodeAt(at++) !== char) return false;
  }
  return at === topic.length;
}
