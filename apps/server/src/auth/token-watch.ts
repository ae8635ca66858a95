import { Injectable, type OnApplicationShutdown, type OnModuleInit } from "@nestjs/common";
import { z } from "zod";
import { Signals } from "../platform/signals/signals";
import { DeviceTokens, TOKENS_CHANGED, type VerifiedToken } from "./device-tokens";

/** How long a revoked token can keep a connection when the signal of its revocation was lost. */
const RECHECK_EVERY_MS = 60_000;

const changeSchema = z.object({ deviceId: z.uuid() });

interface Watched {
  token: VerifiedToken;
  readonly onInvalid: () => void;
  timer?: NodeJS.Timeout | undefined;
}

/** Tells the holder of a connection when the token that opened it stops working. */
@Injectable()
export class TokenWatch implements OnModuleInit, OnApplicationShutdown {
  private readonly watched = new Set<Watched>();
  private unsubscribe: (() => Promise<void>) | undefined;
  private recheck: NodeJS.Timeout | undefined;

  constructor(
    private readonly tokens: DeviceTokens,
    private readonly signals: Signals,
  ) {}

  async onModuleInit(): Promise<void> {
    this.unsubscribe = await this.signals.subscribe(TOKENS_CHANGED, (payload) => {
      const change = changeSchema.safeParse(payload);
      if (change.success) this.check((watched) => watched.token.deviceId === change.data.deviceId);
    });
    this.recheck = setInterval(() => this.check(() => true), RECHECK_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.recheck);
    for (const { timer } of this.watched) clearTimeout(timer);
    this.watched.clear();
    await this.unsubscribe?.();
  }

  /**
   * @param onInvalid called once, when the token is revoked, its overlap ends, or its device is bound to another certificate
   * @returns to be called when the connection ends
   */
  watch(token: VerifiedToken, onInvalid: () => void): () => void {
    const watched: Watched = { token, onInvalid };
    this.watched.add(watched);
    this.expect(watched, token.expiresAt);
    return () => this.forget(watched);
  }

  /** The device has this token now: its open connection counts as opened with it, and outlives the former one. */
  adopt(token: VerifiedToken): void {
    for (const watched of this.watched) {
      if (watched.token.deviceId !== token.deviceId) continue;
      watched.token = { ...token, certificate: watched.token.certificate };
      this.expect(watched, token.expiresAt);
    }
    this.check((watched) => watched.token.deviceId === token.deviceId);
  }

  private check(concerns: (watched: Watched) => boolean): void {
    const list = [...this.watched].filter(concerns);
    // A database that is away now is asked again at the next re-check.
    if (list.length > 0) void this.look(list).catch(() => undefined);
  }

  private async look(list: Watched[]): Promise<void> {
    const asked = list.map(({ token }) => token);
    const ends = await this.tokens.endsOf(asked);
    for (const [index, watched] of list.entries()) {
      // Ended, or adopted by another token, while the answer was on its way.
      if (!this.watched.has(watched) || watched.token !== asked[index]) continue;
      const expiresAt = ends[index];
      if (expiresAt === undefined) this.end(watched);
      else this.expect(watched, expiresAt);
    }
  }

  private expect(watched: Watched, expiresAt: Date | null): void {
    clearTimeout(watched.timer);
    if (!expiresAt) return;
    const leftMs = Math.max(0, expiresAt.getTime() - Date.now());
    if (leftMs > RECHECK_EVERY_MS) return; // a timer cannot wait for years; the re-check comes before
    watched.timer = setTimeout(() => this.end(watched), leftMs).unref();
  }

  private end(watched: Watched): void {
    this.forget(watched);
    watched.onInvalid();
  }

  private forget(watched: Watched): void {
    clearTimeout(watched.timer);
    this.watched.delete(watched);
  }
}
