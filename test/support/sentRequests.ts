import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** A request that this process has sent, as it went over the wire. */
export interface SentRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

const CHANNEL = 'http.client.request.start';

/** Notes every request of this process until it is stopped. */
export class SentRequests {
  readonly all: SentRequest[] = [];
  readonly #note = (message: unknown): void => {
    const { request } = message as { readonly request: ClientRequest };
    const headers = Object.entries(request.getHeaders()).map(([name, value]) => [
      name,
      String(value),
    ]);
    this.all.push({
      method: request.method,
      path: request.path,
      headers: Object.fromEntries(headers) as Record<string, string>,
    });
  };

  constructor() {
    subscribe(CHANNEL, this.#note);
  }

  /** Those whose method and path match, such as `PUT` and a part number. */
  matching(method: string, path: RegExp): SentRequest[] {
    return this.all.filter((sent) => sent.method === method && path.test(sent.path));
  }

  stop(): void {
    unsubscribe(CHANNEL, this.#note);
  }
}
