import { type Role, ROLES } from "@mn316-fleet/contracts";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from "@nestjs/swagger";

/** The API's description, generated from the schemas that validate. */
export function openApiDocument(app: NestFastifyApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle("mn316-fleet")
    .setDescription("Fleet management for devices behind the OneMO MN316 NB-IoT module")
    .setVersion(version)
    .addBearerAuth({ type: "http", scheme: "bearer", description: "An API key" }, "apiKey")
    .addCookieAuth(
      "fleet_session",
      { type: "apiKey", in: "cookie", description: "A session of a person who signed in" },
      "session",
    )
    .build();
  return withPermissions(asProblems(SwaggerModule.createDocument(app, config)));
}

type OperationObject = NonNullable<OpenAPIObject["paths"][string]["get"]> & { "x-required-role"?: Role };

/** Errors are of a media type of their own, which a schema cannot say. */
function asProblems(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths))
    for (const { responses } of Object.values(path) as OperationObject[])
      for (const [status, response] of Object.entries(responses))
        if (response && "content" in response && !status.startsWith("2")) {
          const { "application/json": json, ...others } = response.content ?? {};
          response.content = { ...others, ...(json && { "application/problem+json": json }) };
        }
  return document;
}

/** Adds one table of what each role may do beyond the ones below it, and of what needs no credential of a caller. */
function withPermissions(document: OpenAPIObject): OpenAPIObject {
  const table = Object.fromEntries(["nobody", ...ROLES].map((role): [string, string[]] => [role, []]));
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods) as [string, OperationObject][])
      table[operation["x-required-role"] ?? "nobody"]?.push(`${method.toUpperCase()} ${path}`);
  return Object.assign(document, { "x-permissions": table });
}

/** Serves the description at /api/openapi.json and as a page at /api/docs. */
export function serveOpenApi(app: NestFastifyApplication, document: OpenAPIObject): void {
  SwaggerModule.setup("api/docs", app, document, {
    jsonDocumentUrl: "api/openapi.json",
    customSiteTitle: "mn316-fleet API",
  });
}
