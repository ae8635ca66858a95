import { SUBSCRIBE_REFUSED } from "@mn316-fleet/manual";
import { topicMatches } from "./topic-filter";

/** The subscriptions that are wanted, and those that the broker has granted on the present connection. */
export class Subscriptions {
  private readonly wanted = new Map<string, number>();
  private readonly granted = new Map<string, { qos: number; code: number }>();

  /** Topic filters and their QoS, in the order they were asked for. */
  get desired(): readonly (readonly [topic: string, qos: number])[] {
    return [...this.wanted];
  }

  /** Whether a message of this topic is one that is waited for. */
  isWanted(topic: string): boolean {
    for (const filter of this.wanted.keys()) if (topicMatches(filter, topic)) return true;
    return false;
  }

  want(topic: string, qos: number): void {
    this.wanted.set(topic, qos);
  }

  /** The broker's answer for a topic. */
  acknowledged(topic: string, code: number): void {
    const qos = this.wanted.get(topic);
    if (qos !== undefined && code < SUBSCRIBE_REFUSED) this.granted.set(topic, { qos, code });
  }

  /** The broker's code where this subscription stands on the present connection. */
  grantOf(topic: string, qos: number): number | undefined {
    const grant = this.granted.get(topic);
    return grant?.qos === qos ? grant.code : undefined;
  }

  drop(topic: string): void {
    this.wanted.delete(topic);
    this.granted.delete(topic);
  }

  /** The connection ended: nobody says what the broker keeps. */
  connectionLost(): void {
    this.granted.clear();
  }

  clear(): void {
    this.wanted.clear();
    this.granted.clear();
  }
}
