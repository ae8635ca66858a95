import { jest } from "@jest/globals";
import { createSign, generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const CLIENT_ID = "fleet";
const KEY_ID = "test";

/** What a test makes of an answer of the token endpoint. */
type Tampering = (answer: Record<string, unknown>) => Record<string, unknown>;

/** A certified OpenID provider on a port of its own, whose people and mistakes a test chooses. */
export class OpenidProvider {
  /** What the provider says of each person, by their subject. */
  readonly people = new Map<string, Record<string, unknown>>();
  /** Changes the answer that holds the tokens; undefined: it stays as the provider made it. */
  tampering: Tampering | undefined;
  private readonly key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

  private constructor(
    private readonly server: Server,
    readonly issuer: URL,
    readonly clientSecret: string,
  ) {}

  /**
   * @param callback where browsers are sent back to
   * @param host a name of this machine; another one than the fleet's makes it another site to a browser
   */
  static async start(callback: string, host = "127.0.0.1"): Promise<OpenidProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const issuer = new URL(`http://${host}:${(server.address() as AddressInfo).port}/`);
    const made = new OpenidProvider(server, issuer, "a secret of the client, long enough for anybody");
    // It warns of what only a test does: any password will do, all is kept in memory.
    const warnings = jest.spyOn(console, "warn").mockImplementation(() => undefined);
    await made.serve(callback);
    warnings.mockRestore();
    return made;
  }

  get client() {
    return { issuer: this.issuer, clientId: CLIENT_ID, clientSecret: this.clientSecret };
  }

  /** Signs claims as the provider does. */
  sign(claims: object): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${part({ alg: "RS256", kid: KEY_ID })}.${part(claims)}`;
    return `${text}.${createSign("sha256").update(text).sign(this.key, "base64url")}`;
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(callback: string): Promise<void> {
    const { Provider } = await import("oidc-provider");
    const provider = new Provider(this.issuer.origin, {
      clients: [
        { client_id: CLIENT_ID, client_secret: this.clientSecret, redirect_uris: [callback], response_types: ["code"] },
      ],
      jwks: { keys: [{ ...this.key.export({ format: "jwk" }), kid: KEY_ID, use: "sig", alg: "RS256" }] },
      cookies: { keys: ["a key of the test"] },
      claims: { openid: ["sub"], profile: ["name", "preferred_username", "roles", "realm_access"], email: ["email"] },
      pkce: { required: () => true },
      ttl: { Session: 3_600, Interaction: 600, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
      findAccount: (_context, sub) => ({
        accountId: sub,
        claims: () => Promise.resolve({ sub, ...this.people.get(sub) }),
      }),
    });
    provider.use(async (context, next) => {
      await next();
      const { body } = context;
      if (this.tampering && context.path === "/token") context.body = this.tampering(body as Record<string, unknown>);
    });
    const handle = provider.callback();
    this.server.on("request", (request, response) => void handle(request, response));
  }
}
