import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';

/** A name of a test, as `dns.lookup` says it when nobody knows it. */
function notFound(host: string): Error {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
}

type Lookup = typeof dns.lookup;
type Request = typeof https.request;

/**
 * Lets names lead to a server on this computer: those that `isKnown` takes are looked up as
 * 127.0.0.1, all others are unknown. Requests to the port of the scheme go to `port`. Call `restore`
 * in the end.
 */
export function serveNames(
  port: number,
  isKnown: (host: string) => boolean,
): { readonly restore: () => void } {
  const { lookup } = dns;
  const requests = [http, https].map((module) => ({ module, request: module.request }));
  const answer = (host: string, options: unknown, callback?: unknown): void => {
    const done = (callback ?? options) as (error: Error | null, ...rest: unknown[]) => void;
    const isAll = typeof options === 'object' && (options as dns.LookupOptions).all === true;
    if (!isKnown(host)) done(notFound(host));
    else if (isAll) done(null, [{ address: '127.0.0.1', family: 4 }]);
    else done(null, '127.0.0.1', 4);
  };
  dns.lookup = answer as unknown as Lookup;
  for (const { module, request } of requests) {
    module.request = ((options: https.RequestOptions, ...rest: never[]) =>
      request(
        ['80', '443'].includes(String(options.port)) ? { ...options, port } : options,
        ...rest,
      )) as Request;
  }
  return {
    restore: () => {
      dns.lookup = lookup;
      for (const { module, request } of requests) module.request = request;
    },
  };
}
