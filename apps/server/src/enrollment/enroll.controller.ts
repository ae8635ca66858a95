import { type Enroll, enrolledSchema, enrollSchema } from "@mn316-fleet/contracts";
import { Body, Controller, Ip, Post } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { Public } from "../auth/public";
import { ApiResult } from "../platform/http/api-result";
import { ProblemError } from "../platform/problems/problem.error";
import { AddressBound } from "./address-bound";
import { EnrollmentService } from "./enrollment.service";

/** Where an agent that has no token yet gets its own. */
@ApiTags("agents")
@Controller("agent")
export class EnrollController {
  private readonly bound = new AddressBound();

  constructor(private readonly enrollment: EnrollmentService) {}

  @Post("enroll")
  @Public()
  @ApiResult(enrolledSchema, 201, "The device and its token, shown this once. 409 where the IMEI has a device already.")
  enroll(@Body({ schema: enrollSchema }) body: Enroll, @Ip() address: string) {
    const waitS = this.bound.take(address, Date.now());
    if (waitS > 0)
      throw new ProblemError(429, "Too many requests", "Too many enrolments from this address.", undefined, {
        "Retry-After": String(waitS),
      });
    return this.enrollment.enroll(body, address);
  }
}
