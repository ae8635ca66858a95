import { type Enroll, enrolledSchema, enrollSchema } from "@mn316-fleet/contracts";
import { Body, Controller, Post, Req } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import type { FastifyRequest } from "fastify";
import { Public } from "../auth/public";
import { ApiResult } from "../platform/http/api-result";
import { networkOf } from "../platform/http/network";
import { TokenBuckets } from "../platform/limits/token-buckets";
import { ProblemError } from "../platform/problems/problem.error";
import { ClientCertificates } from "../platform/tls/client-certificates";
import { EnrollmentService } from "./enrollment.service";

/** A site behind one address may start a cabinet full of agents at once; guessing 256 random bits takes longer. */
const OF_NETWORK = { burst: 60, perS: 1 };

/** Where an agent that has no token yet gets its own. */
@ApiTags("agents")
@Controller("agent")
export class EnrollController {
  private readonly networks = new TokenBuckets(OF_NETWORK);

  constructor(
    private readonly enrollment: EnrollmentService,
    private readonly certificates: ClientCertificates,
  ) {}

  @Post("enroll")
  @Public()
  @ApiResult(enrolledSchema, 201, "The device and its token, shown this once. 409 where the IMEI has a device already.")
  enroll(@Body({ schema: enrollSchema }) body: Enroll, @Req() { ip, raw }: FastifyRequest) {
    const waitS = this.networks.take(networkOf(ip));
    if (waitS > 0)
      throw new ProblemError(429, "Too many requests", "Too many enrolments from this network.", undefined, {
        "Retry-After": String(waitS),
      });
    return this.enrollment.enroll(body, ip, this.certificates.of(raw));
  }
}
