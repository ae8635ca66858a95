import { problemSchema, type Role } from "@mn316-fleet/contracts";
import { applyDecorators, SetMetadata } from "@nestjs/common";
import {
  ApiBearerAuth,
  ApiCookieAuth,
  ApiExtension,
  ApiForbiddenResponse,
  ApiUnauthorizedResponse,
} from "@nestjs/swagger";

export const REQUIRED_ROLE = "auth:role";

/** The least role that a route asks for, enforced by `ApiKeyGuard` and stated in the OpenAPI document. */
export const RequireRole = (role: Role) =>
  applyDecorators(
    SetMetadata(REQUIRED_ROLE, role),
    ApiBearerAuth("apiKey"),
    ApiCookieAuth("session"),
    ApiExtension("x-required-role", role),
    ApiUnauthorizedResponse({ description: "No valid API key or session.", standardSchema: problemSchema }),
    ApiForbiddenResponse({ description: `The caller's role is below ${role}.`, standardSchema: problemSchema }),
  );
