import { applyDecorators, SetMetadata } from "@nestjs/common";
import { ApiExtension } from "@nestjs/swagger";

export const HOST_ONLY = "auth:host-only";

/** A route about the installation, which only callers of the host fleet may call; stated in the OpenAPI document. */
export const HostOnly = () => applyDecorators(SetMetadata(HOST_ONLY, true), ApiExtension("x-host-only", true));
