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

/** The page of the API description starts with an inline script. */
const POLICY_FOR_DOCS = `${CONTENT_SECURITY_POLICY}; script-src 'self' 'unsafe-inline'`;

const ALWAYS = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};
/** Whoever came over TLS once shall not come without it for a year. */
const OVER_TLS = { "Strict-Transport-Security": "max-age=31536000" };

/** Headers that every answer carries. No other site may read one: nothing allows it by CORS. */
export function addSecurityHeaders(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook("onSend", (request, reply, payload, done) => {
      const isDocs = request.url.startsWith("/api/docs");
      void reply
        .headers(ALWAYS)
        .headers(request.protocol === "https" ? OVER_TLS : {})
        .header("Content-Security-Policy", isDocs ? POLICY_FOR_DOCS : CONTENT_SECURITY_POLICY);
      // By the route as well: an address may be written with escapes.
      if ([request.url, request.routeOptions.url].some((url) => url?.startsWith("/api/v1")))
        void reply.header("Cache-Control", "no-store");
      done(null, payload);
    });
}
