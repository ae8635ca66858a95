import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from "@nestjs/swagger";

/** The API's description, generated from the schemas that validate. */
export function openApiDocument(app: NestFastifyApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle("mn316-fleet")
    .setDescription("Fleet management for devices behind the OneMO MN316 NB-IoT module")
    .setVersion(version)
    .addBearerAuth({ type: "http", scheme: "bearer", description: "An API key" }, "apiKey")
    .build();
  return SwaggerModule.createDocument(app, config);
}

/** Serves the description at /api/openapi.json and as a page at /api/docs. */
export function serveOpenApi(app: NestFastifyApplication, document: OpenAPIObject): void {
  SwaggerModule.setup("api/docs", app, document, {
    jsonDocumentUrl: "api/openapi.json",
    customSiteTitle: "mn316-fleet API",
  });
}
