/** The few calls of the REST API that creating a fleet takes. */
export class RestApi {
  private readonly url: string;

  /** @param server `ws://` or `http://`, both with the same host and port */
  constructor(
    server: string,
    private readonly key: string,
  ) {
    this.url = server.replace(/^ws/, "http").replace(/\/+$/, "");
  }

  /**
   * @param path below `/api/v1/`
   * @returns undefined where there is no such resource
   * @throws Error with the problem document's words for any other answer that is no success
   */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (response.status === 404) return undefined;
    const answer = (await response.json()) as { detail?: string; errors?: unknown[] };
    if (response.ok) return answer;
    throw new Error(
      `${method} ${path}: ${answer.detail ?? response.statusText} ${JSON.stringify(answer.errors ?? [])}`,
    );
  }
}
