/** The REST API as a stranger sees it: plain HTTP, so that the tests also check status codes, headers and documents. */
export interface Answer {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests assert the shape
  body: any;
}

export class Api {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** The same server with another credential; an empty one sends none. */
  withKey(key: string): Api {
    return new Api(this.url, key);
  }

  get(path: string): Promise<Answer> {
    return this.request("GET", path);
  }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path.startsWith("/") ? path : `/api/v1/${path}`}`, {
      method,
      headers: {
        ...(this.key && { authorization: `Bearer ${this.key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** Like `request`, but fails the test unless the answer is a success. */
  async ok(method: string, path: string, body?: unknown): Promise<Answer["body"]> {
    const answer = await this.request(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** All items of a list, page by page. */
  async all(path: string): Promise<Answer["body"][]> {
    const items: Answer["body"][] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor ? `${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}` : "";
      const page = await this.ok("GET", path + query);
      items.push(...page.items);
      cursor = page.next;
    } while (cursor);
    return items;
  }
}
