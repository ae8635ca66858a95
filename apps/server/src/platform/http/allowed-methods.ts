import type { NestFastifyApplication } from "@nestjs/platform-fastify";

/** Which methods each address takes, for the `Allow` of a 405. */
export class AllowedMethods {
  private readonly routes: { pattern: RegExp; methods: string[] }[] = [];

  /** To be made before the routes are. */
  constructor(app: NestFastifyApplication) {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook("onRoute", ({ url, method }) => {
        this.routes.push({ pattern: patternOf(url), methods: [method].flat() });
      });
  }

  /** @param path without its query */
  of(path: string): string[] {
    const methods = this.routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    return [...new Set(methods)].sort();
  }
}

/** `/devices/:id` as a pattern; `*` stands for the rest. */
function patternOf(url: string): RegExp {
  const escaped = url.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll(/:[^/]+/g, "[^/]+").replaceAll("*", ".*")}$`);
}
