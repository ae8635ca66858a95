import { Injectable } from "@nestjs/common";
import { networkOf } from "../platform/http/network";
import { TokenBuckets } from "../platform/limits/token-buckets";
import { ProblemError } from "../platform/problems/problem.error";

/** Of one key or person: more than any dashboard or script asks, less than what makes others wait. */
const OF_CALLER = { burst: 5_000, perS: 500 };
/** Wrong credentials out of one network: a page that was left open with an old key asks every two seconds. */
const WRONG_OF_NETWORK = { burst: 500, perS: 20 };

/** How often callers may ask, on this node. */
@Injectable()
export class RequestLimits {
  private readonly callers = new TokenBuckets(OF_CALLER);
  private readonly wrong = new TokenBuckets(WRONG_OF_NETWORK);

  /** @throws 429 where too many wrong credentials came from there: then not even a right one is looked at */
  admitNetwork(address: string): void {
    refuse(this.wrong.waitS(networkOf(address)), "Too many requests without a valid credential.");
  }

  countWrong(address: string): void {
    this.wrong.take(networkOf(address));
  }

  /** @throws 429 where the caller asks too much */
  admitCaller(id: string): void {
    refuse(this.callers.take(id), "Too many requests of this caller.");
  }
}

function refuse(waitS: number, detail: string): void {
  if (waitS > 0) throw new ProblemError(429, "Too many requests", detail, undefined, { "Retry-After": String(waitS) });
}
