import type { NestFastifyApplication } from "@nestjs/platform-fastify";

/** Everything from this origin; the component library of the dashboard sets inline styles. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** Headers that every answer carries; the page of the API description starts with an inline script and goes without CSP. */
export function addSecurityHeaders(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook("onSend", (request, reply, payload, done) => {
      void reply.header("X-Content-Type-Options", "nosniff").header("Referrer-Policy", "no-referrer");
      if (!request.url.startsWith("/api/docs")) void reply.header("Content-Security-Policy", CONTENT_SECURITY_POLICY);
      if (request.url.startsWith("/api/v1")) void reply.header("Cache-Control", "no-store");
      done(null, payload);
    });
}
