import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AccessKey } from '../account';
import { isObject } from '../engine/base/guards';
import { redact } from '../engine/base/redact';
import { UploadError } from '../engine/contract/errors';
import type { OidcSettings, RoleToAssume } from './credentialFiles';
import { noCredentials } from './credentialFiles';
import type { Answer } from './ossErrors';
import { kindOfAnswer } from './ossErrors';
import type { OssTransport } from './ossTransport';

/** A key that ends. */
export interface TemporaryKey {
  readonly key: AccessKey;
  /** Milliseconds since 1970; undefined when the issuer did not say. */
  readonly expiresMs?: number | undefined;
}

/** Where temporary keys are issued; tests put their own servers here. */
export interface Issuers {
  /** Metadata service of an ECS instance. */
  readonly metadataUrl: string;
  /** STS of a region; '' is the global one. */
  readonly stsUrl: (region: string) => string;
}

/** The services of Alibaba Cloud. */
export const ALIBABA_CLOUD_ISSUERS: Issuers = {
  metadataUrl: 'http://100.100.100.200',
  stsUrl: (region) => `https://sts${region === '' ? '' : `.${region}`}.aliyuncs.com`,
};

/** An issuer that does not answer in this time is not there: nobody waits longer for a key. */
const LONGEST_WAIT_MS = 20_000;

/** Fetches temporary keys. Rejects with an UploadError whose message quotes nobody's answer. */
export class SecurityTokens {
  readonly #transport: OssTransport;
  readonly #issuers: Issuers;

  constructor(transport: OssTransport, issuers: Issuers = ALIBABA_CLOUD_ISSUERS) {
    this.#transport = transport;
    this.#issuers = issuers;
  }

  /** Of the RAM role of this ECS instance; '' asks the instance for its role. */
  async ofEcsRamRole(role: string): Promise<TemporaryKey> {
    const base = `${this.#issuers.metadataUrl}/latest`;
    // Instances may insist on this token; older ones do not know it.
    const token = await this.#request('PUT', `${base}/api/token`, {
      'x-aliyun-ecs-metadata-token-ttl-seconds': '21600',
    });
    const headers: Record<string, string> =
      token.status === 200
        ? { 'x-aliyun-ecs-metadata-token': token.body.toString('utf8').trim() }
        : {};
    const roles = `${base}/meta-data/ram/security-credentials/`;
    let name = role;
    if (name === '') {
      const answer = await this.#request('GET', roles, headers);
      name = answer.body.toString('utf8').trim().split('\n')[0] ?? '';
      if (answer.status !== 200 || name === '') {
        throw noCredentials('this ECS instance has no RAM role');
      }
    }
    const answer = await this.#request('GET', `${roles}${encodeURIComponent(name)}`, headers);
    if (answer.status === 404) throw noCredentials(`this ECS instance has no RAM role "${name}"`);
    return issuedKey(answer, jsonOf(answer));
  }

  /** Of a URL that answers with credentials. */
  async ofUri(url: string): Promise<TemporaryKey> {
    if (!/^https?:\/\//i.test(url))
      throw noCredentials('the credentials URI is not an http(s) URL');
    const answer = await this.#request('GET', url, {});
    return issuedKey(answer, jsonOf(answer));
  }

  /** STS AssumeRoleWithOIDC with the token of a file. */
  async ofOidc({ role, providerArn, tokenFile }: OidcSettings): Promise<TemporaryKey> {
    let token: string;
    try {
      token = (await readFile(tokenFile, 'utf8')).trim();
    } catch {
      throw noCredentials('the OIDC token file cannot be read');
    }
    return await this.#callSts(role.stsRegion, {
      ...actionParameters('AssumeRoleWithOIDC', role),
      OIDCProviderArn: providerArn,
      OIDCToken: token,
    });
  }

  /** STS AssumeRole with another key. */
  async ofRole(source: AccessKey, role: RoleToAssume): Promise<TemporaryKey> {
    const parameters = {
      ...actionParameters('AssumeRole', role),
      ...(role.externalId !== '' && { ExternalId: role.externalId }),
      ...(source.securityToken !== undefined && { SecurityToken: source.securityToken }),
      AccessKeyId: source.accessKeyId,
      SignatureMethod: 'HMAC-SHA1',
      SignatureVersion: '1.0',
    };
    return await this.#callSts(role.stsRegion, {
      ...parameters,
      Signature: signParameters('POST', parameters, source.accessKeySecret),
    });
  }

  async #callSts(
    region: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<TemporaryKey> {
    // In the body: URLs are written into logs on the way.
    const answer = await this.#request(
      'POST',
      this.#issuers.stsUrl(region),
      { 'content-type': 'application/x-www-form-urlencoded' },
      canonicalQuery(parameters),
    );
    const json = jsonOf(answer);
    return issuedKey(answer, objectOf(json['Credentials']), json);
  }

  async #request(
    method: string,
    url: string,
    headers: Readonly<Record<string, string>>,
    content?: string,
  ): Promise<Answer> {
    const signal = AbortSignal.timeout(LONGEST_WAIT_MS);
    const body =
      content === undefined
        ? undefined
        : { sizeBytes: Buffer.byteLength(content), chunks: chunksOf(Buffer.from(content)) };
    try {
      return await this.#transport.send({ method, url, headers, body, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new UploadError('timeout', 'no answer to the question for temporary credentials', {
        code: 'AnswerTimeout',
      });
    }
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the type of a body is asynchronous
async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function actionParameters(action: string, role: RoleToAssume): Record<string, string> {
  return {
    Action: action,
    Version: '2015-04-01',
    Format: 'JSON',
    Timestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    SignatureNonce: randomUUID(),
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName,
    DurationSeconds: String(role.durationSeconds),
  };
}

/** Signature version 1.0 of Alibaba Cloud's RPC APIs. */
export function signParameters(
  method: string,
  parameters: Readonly<Record<string, string>>,
  secret: string,
): string {
  const text = `${method}&${encode('/')}&${encode(canonicalQuery(parameters))}`;
  return createHmac('sha1', `${secret}&`).update(text).digest('base64');
}

function canonicalQuery(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function jsonOf(answer: Answer): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(answer.body.toString('utf8')));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function issuedKey(
  answer: Answer,
  credentials: Readonly<Record<string, unknown>>,
  refusal: Readonly<Record<string, unknown>> = credentials,
): TemporaryKey {
  const accessKeyId = text(credentials['AccessKeyId']);
  const accessKeySecret = text(credentials['AccessKeySecret']);
  const securityToken = text(credentials['SecurityToken']);
  if (answer.status !== 200 || accessKeyId === '' || accessKeySecret === '') {
    const code = text(refusal['Code']) || `Http${answer.status}`;
    const kind = kindOfAnswer(answer.status, code);
    throw new UploadError(
      kind === 'refused' || kind === 'accessDenied' ? 'credentials' : kind,
      `temporary credentials were refused: ${redact(code.slice(0, 100))}`,
      { code, status: answer.status },
    );
  }
  const expiresMs = Date.parse(text(credentials['Expiration']));
  return {
    key: { accessKeyId, accessKeySecret, ...(securityToken !== '' && { securityToken }) },
    ...(Number.isFinite(expiresMs) && { expiresMs }),
  };
}
