import {
  type BindCertificate,
  bindCertificateSchema,
  boundCertificateListSchema,
  idParamSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Param, Put } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { RequireRole } from "../../auth/require-role";
import { ApiResult } from "../../platform/http/api-result";
import { CertificatesService } from "./certificates.service";

@ApiTags("devices")
@Controller("api/v1/devices/:id/certificate")
export class CertificatesController {
  constructor(private readonly certificates: CertificatesService) {}

  @Get()
  @RequireRole("viewer")
  @ApiResult(
    boundCertificateListSchema,
    200,
    "The certificates of which the device has to show one; none: it is not bound.",
  )
  async list(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return { items: await this.certificates.list(id), next: null };
  }

  @Put()
  @RequireRole("operator")
  @ApiResult(boundCertificateListSchema, 200, "Bound to it; the former ones work on for the overlap.")
  async bind(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: bindCertificateSchema }) body: BindCertificate,
  ) {
    return { items: await this.certificates.bind(id, body), next: null };
  }

  @Delete()
  @RequireRole("operator")
  @ApiResult(undefined, 204, "The device's token alone is enough from now on.")
  unbind(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.certificates.unbind(id);
  }
}
