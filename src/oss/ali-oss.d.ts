/**
 * The members of ali-oss 6.23 this room uses. `@types/ali-oss` leaves out the low-level half and is
 * wrong about the rest, so these few lines stand in for it.
 */
declare module 'ali-oss' {
  class Client {
    constructor(options: Client.ClientOptions);
    options: Client.ClientOptions;
    /** Signs, builds the URL and calls `urllib`; any status is a result. */
    request(parameters: Client.RequestParameters): Promise<Client.UrllibResult>;
    authorizationV4(
      method: string,
      request: {
        readonly headers: Readonly<Record<string, string>>;
        readonly queries: Readonly<Record<string, string | number>>;
      },
      bucket: string | undefined,
      key: string,
    ): string;
    _getReqUrl(parameters: {
      readonly bucket: string | undefined;
      readonly object: string;
      readonly query: Readonly<Record<string, string | number | undefined>>;
    }): string;
    asyncSignatureUrl(
      key: string,
      options: { readonly expires: number },
      strictKey: boolean,
    ): Promise<string>;
  }

  namespace Client {
    interface UrllibResult {
      readonly status: number;
      readonly headers: Readonly<Record<string, string | undefined>>;
      readonly data: Buffer;
    }

    interface UrllibArguments {
      readonly method: string;
      readonly headers: Readonly<Record<string, unknown>>;
      readonly content?: string | undefined;
      readonly ctx?: unknown;
    }

    interface ClientOptions {
      accessKeyId: string;
      accessKeySecret: string;
      stsToken?: string | undefined;
      bucket?: string | undefined;
      region: string;
      /** A URL for the constructor, which leaves the result of `url.parse` in its place. */
      endpoint: unknown;
      secure: boolean;
      /** The endpoint is the bucket's own domain. */
      cname: boolean;
      /** Path style: the bucket is the first segment of the path. */
      sldEnable: boolean;
      authorizationV4: boolean;
      headerEncoding: 'utf-8' | 'latin1';
      retryMax: number;
      /** Server time minus local time, for signed headers. */
      amendTimeSkewed?: number;
      /** The seam through which every request leaves. */
      urllib: { request(url: string, args: UrllibArguments): Promise<UrllibResult> };
    }

    interface RequestParameters {
      readonly method: string;
      readonly bucket?: string | undefined;
      readonly object?: string | undefined;
      /** Parameters that signature V1 covers. */
      readonly subres?: Readonly<Record<string, string | number>>;
      /** Parameters that only signature V4 covers. */
      readonly query?: Readonly<Record<string, string | number>>;
      readonly headers?: Readonly<Record<string, string>>;
      /** Sent with its Content-MD5. */
      readonly content?: string | undefined;
      readonly ctx?: unknown;
    }
  }

  export = Client;
}
