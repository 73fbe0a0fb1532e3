import { createHmac, randomUUID } from 'node:crypto';
import type { AccessKey } from '../../account';
import { isObject } from '../../engine/base/guards';
import { UploadError } from '../../engine/contract/errors';
import type { UploadErrorKind } from '../../engine/contract/errors';
import type { RequestBody } from '../../engine/contract/ports';
import { isOn, readTextFile } from './machine';
import type { Machine } from './machine';
import { unusable } from './problem';
import { outputOf } from './program';
import { RENEW_BEFORE_MS } from './renewableKey';
import { assertSignedIn, pair } from './way';
import type { RoleToAssume, SignIn, TemporaryKey, Way } from './way';

/** A request to an issuer of keys. */
interface Question {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  readonly signal: AbortSignal;
  /** Goes by no proxy. */
  readonly isDirect: boolean;
}

/** What came back, whatever the status. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** Sends one request and follows no redirection. Rejects with an UploadError. */
export type Ask = (question: Question) => Promise<Answer>;

/** Where a service of Alibaba Cloud is, by its origin. Tests put their own servers there. */
export type Issuers = (origin: string) => string;

/** The metadata service of an ECS instance. */
const METADATA_ORIGIN = 'http://100.100.100.200';

/** An issuer that does not answer in this time is not there: nobody waits longer for a key. */
const LONGEST_WAIT_MS = 20_000;

/** The metadata service is in the same machine, or this is no ECS instance. */
const LONGEST_METADATA_WAIT_MS = 3_000;

/** The name of a RAM role. */
const ROLE_NAME = /^[\w.@-]{1,64}$/;

/** The text that the metadata service calls a session; it is sent back in a header. */
const SESSION = /^[\x21-\x7e]{1,4096}$/;

/** A token has some hundred bytes. */
const LARGEST_ANSWER_BYTES = 64 * 1024;

/** Gets keys from where they are issued. Rejects with an UploadError that quotes no answer. */
export class SecurityTokens {
  readonly #ask: Ask;
  readonly #machine: Machine;
  readonly #issuers: Issuers;
  readonly #now: () => number;

  /** `now` is the time of Alibaba Cloud: what STS is asked is signed with it, and keys end by it. */
  constructor(
    ask: Ask,
    machine: Machine,
    issuers: Issuers = (origin) => origin,
    now: () => number = Date.now,
  ) {
    this.#ask = ask;
    this.#machine = machine;
    this.#issuers = issuers;
    this.#now = now;
  }

  /**
   * The key at the end of a way. `allowedProgram` is the only command line that may be run for it;
   * another one rejects with `ProgramNotAllowed`.
   */
  async follow(way: Way, allowedProgram: string | undefined): Promise<TemporaryKey> {
    switch (way.kind) {
      case 'key':
        return { key: way.key };
      case 'ecsRamRole':
        return await this.#ofEcsRamRole(way.role);
      case 'oidc':
        return await this.#ofOidc(way.role, way.providerArn, way.tokenFile);
      case 'assumeRole': {
        const source = await this.follow(way.source, allowedProgram);
        return await this.#ofRole(source.key, way.role);
      }
      case 'uri': {
        const answer = await this.#request('GET', way.url, {});
        return issuedKey(answer, jsonOf(answer.body));
      }
      case 'program':
        return await this.#ofProgram(way.command, allowedProgram);
      case 'signIn':
        return await this.#ofSignIn(way);
    }
  }

  /** Of the RAM role of this ECS instance; '' asks the instance for its role. */
  async #ofEcsRamRole(role: string): Promise<TemporaryKey> {
    const base = `${this.#issuers(METADATA_ORIGIN)}/latest`;
    // Instances may insist on this token; older ones do not know it.
    const token = await this.#request('PUT', `${base}/api/token`, {
      'x-aliyun-ecs-metadata-token-ttl-seconds': '21600',
    });
    const forbids = 'ALIBABA_CLOUD_IMDSV1_DISABLED';
    const session = token.body.toString('utf8').trim();
    // A page with status 200 is no session.
    const hasSession = token.status === 200 && SESSION.test(session);
    if (!hasSession && isOn(this.#machine, forbids)) throw unusable('Forbidden', forbids);
    const headers: Record<string, string> = hasSession
      ? { 'x-aliyun-ecs-metadata-token': session }
      : {};
    const roles = `${base}/meta-data/ram/security-credentials/`;
    let name = role;
    if (name === '') {
      const answer = await this.#request('GET', roles, headers);
      name = answer.body.toString('utf8').trim().split('\n')[0] ?? '';
      if (answer.status === 404 || (answer.status === 200 && name === '')) {
        throw unusable('NoInstanceRole', '');
      }
      if (answer.status !== 200 || !ROLE_NAME.test(name))
        throw refusalOf(answer, jsonOf(answer.body));
    }
    const answer = await this.#request('GET', `${roles}${encodeURIComponent(name)}`, headers);
    if (answer.status === 404) throw unusable('NoInstanceRole', name.slice(0, 64));
    return issuedKey(answer, jsonOf(answer.body));
  }

  /** STS AssumeRoleWithOIDC with the token of a file. */
  async #ofOidc(role: RoleToAssume, providerArn: string, file: string): Promise<TemporaryKey> {
    const token = (await readTextFile(file))?.trim();
    if (token === undefined) throw unusable('FileUnreadable', file);
    return await this.#callSts(role.stsHost, (nowMs) => ({
      ...actionParameters('AssumeRoleWithOIDC', role, nowMs),
      OIDCProviderArn: providerArn,
      OIDCToken: token,
    }));
  }

  /** STS AssumeRole with another key. */
  async #ofRole(source: AccessKey, role: RoleToAssume): Promise<TemporaryKey> {
    return await this.#callSts(role.stsHost, (nowMs) => {
      const parameters = {
        ...actionParameters('AssumeRole', role, nowMs),
        ...(role.externalId !== '' && { ExternalId: role.externalId }),
        ...(source.securityToken !== undefined && { SecurityToken: source.securityToken }),
        AccessKeyId: source.accessKeyId,
        SignatureMethod: 'HMAC-SHA1',
        SignatureVersion: '1.0',
      };
      return {
        ...parameters,
        Signature: signParameters('POST', parameters, source.accessKeySecret),
      };
    });
  }

  async #ofProgram(command: string, allowed: string | undefined): Promise<TemporaryKey> {
    if (command !== allowed) throw unusable('ProgramNotAllowed', '');
    const issued = keyIn(jsonOf(Buffer.from(await outputOf(command, this.#machine))));
    if (issued === undefined) throw unusable('ProgramFailed', '');
    return issued;
  }

  /** What was issued last while it lasts, then another one. */
  async #ofSignIn(signIn: SignIn): Promise<TemporaryKey> {
    const { issued, renewal } = signIn;
    const leftMs = (issued?.expiresMs ?? 0) - this.#now();
    if (issued !== undefined && leftMs > RENEW_BEFORE_MS) return issued;
    try {
      assertSignedIn({ kind: 'signIn', ...signIn, issued: undefined }, this.#now());
      const url = `${this.#issuers(renewal.origin)}${renewal.path}`;
      const headers = {
        accept: 'application/json',
        'content-type': 'application/json',
        authorization: `Bearer ${renewal.token}`,
      };
      const answer = await this.#request('POST', url, headers, renewal.body);
      const json = jsonOf(answer.body);
      const isRefused = answer.status >= 400 && answer.status < 500;
      if (isRefused && codeIn(json) !== undefined) throw unusable('SignInOver', signIn.command);
      return issuedKey(answer, objectOf(json['CloudCredential'] ?? json), json);
    } catch (error) {
      if (issued !== undefined && leftMs > 0) return issued;
      throw error;
    }
  }

  /** A second time by STS's clock where it refuses ours. */
  async #callSts(
    host: string,
    parametersAt: (nowMs: number) => Readonly<Record<string, string>>,
  ): Promise<TemporaryKey> {
    try {
      return await this.#askSts(host, parametersAt(this.#now()));
    } catch (error) {
      if (!UploadError.is(error, 'clockSkew') || error.clockSkewMs === undefined) throw error;
      return await this.#askSts(host, parametersAt(Date.now() + error.clockSkewMs));
    }
  }

  async #askSts(host: string, parameters: Readonly<Record<string, string>>): Promise<TemporaryKey> {
    // In the body: URLs are written into logs on the way.
    const answer = await this.#request(
      'POST',
      this.#issuers(`https://${host}`),
      { 'content-type': 'application/x-www-form-urlencoded' },
      canonicalQuery(parameters),
    );
    const json = jsonOf(answer.body);
    return issuedKey(answer, objectOf(json['Credentials']), json);
  }

  /** Bounded in time, however slowly an answer comes, and in size. */
  async #request(
    method: string,
    url: string,
    headers: Readonly<Record<string, string>>,
    content?: string,
  ): Promise<Answer> {
    const isMetadata = url.startsWith(this.#issuers(METADATA_ORIGIN));
    const signal = AbortSignal.timeout(isMetadata ? LONGEST_METADATA_WAIT_MS : LONGEST_WAIT_MS);
    const body =
      content === undefined
        ? undefined
        : { sizeBytes: Buffer.byteLength(content), chunks: chunksOf(Buffer.from(content)) };
    // By plain http only this computer is asked: at these addresses a proxy would find its own.
    const isDirect = url.startsWith('http:');
    let answer: Answer;
    try {
      answer = await this.#ask({ method, url, headers, body, signal, isDirect });
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new UploadError('timeout', 'no answer to the question for temporary credentials', {
        code: 'AnswerTimeout',
      });
    }
    if (answer.body.length > LARGEST_ANSWER_BYTES) {
      throw new UploadError('badResponse', 'too long for an answer with temporary credentials', {
        code: 'AnswerTooLong',
        status: answer.status,
      });
    }
    return answer;
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the type of a body is asynchronous
async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function actionParameters(
  action: string,
  role: RoleToAssume,
  nowMs: number,
): Record<string, string> {
  return {
    Action: action,
    Version: '2015-04-01',
    Format: 'JSON',
    Timestamp: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    SignatureNonce: randomUUID(),
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName,
    DurationSeconds: String(role.durationSeconds),
    ...(role.policy !== '' && { Policy: role.policy }),
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

function jsonOf(text: Buffer): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text.toString('utf8')));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

/**
 * The key in what an issuer or a program says: STS writes `AccessKeyId`, OAuth `accessKeyId`, a
 * program for the CLI `access_key_id`.
 */
function keyIn(said: Readonly<Record<string, unknown>>): TemporaryKey | undefined {
  const byName = new Map(
    Object.entries(said).map(([name, value]) => [name.toLowerCase().replaceAll('_', ''), value]),
  );
  const text = (...names: readonly string[]): string => {
    const value = names.map((name) => byName.get(name)).find((each) => typeof each === 'string');
    return typeof value === 'string' ? value.trim() : '';
  };
  const [id, secret] = [text('accesskeyid'), text('accesskeysecret')];
  if (id === '' || secret === '') return undefined;
  const expiresMs = Date.parse(text('expiration'));
  return {
    key: pair(id, secret, text('securitytoken', 'ststoken')),
    ...(Number.isFinite(expiresMs) && { expiresMs }),
  };
}

function issuedKey(
  answer: Answer,
  said: Readonly<Record<string, unknown>>,
  refusal: Readonly<Record<string, unknown>> = said,
): TemporaryKey {
  const issued = answer.status === 200 ? keyIn(said) : undefined;
  if (issued !== undefined) return issued;
  throw refusalOf(answer, refusal);
}

/**
 * Why there is no key. A refusal by an issuer has a code. An answer without one came from something
 * on the way, such as a proxy, and says nothing about the key.
 */
function refusalOf(answer: Answer, refusal: Readonly<Record<string, unknown>>): UploadError {
  const { status } = answer;
  const said = codeIn(refusal);
  const isForeign = said === undefined;
  // Somebody else's words go no further than their code, and only where it looks like one.
  const isCode = !isForeign && /^[a-z_]{1,64}(?:\.[a-z]{1,64}){0,3}$/i.test(said);
  const code = isCode ? said : `Http${status}`;
  const kind = kindOfRefusal(status, code, isForeign);
  const clockSkewMs = Date.parse(answer.headers['date'] ?? '') - Date.now();
  return new UploadError(kind, `no temporary credentials: ${code}`, {
    code,
    status,
    ...(isForeign && { isForeign }),
    ...(kind === 'clockSkew' && Number.isFinite(clockSkewMs) && { clockSkewMs }),
  });
}

/** The code of a refusal, if it has one: STS writes `Code`, OAuth `error`. */
function codeIn(refusal: Readonly<Record<string, unknown>>): string | undefined {
  const named = refusal['Code'] ?? refusal['ErrorCode'] ?? refusal['error'];
  return typeof named === 'string' && named !== '' ? named : undefined;
}

/** What a refusal means. Of an issuer, whatever concerns the key or the role needs another one. */
function kindOfRefusal(status: number, code: string, isForeign: boolean): UploadErrorKind {
  if (code.startsWith('Throttling') || status === 429 || status === 503) return 'throttled';
  if (code === 'InvalidTimeStamp.Expired') return 'clockSkew';
  // Network Authentication Required: of a login page.
  if (status === 511) return 'badResponse';
  if (status >= 500) return 'server';
  if (status === 408) return 'timeout';
  if (status < 400) return 'badResponse';
  return isForeign ? 'refused' : 'credentials';
}
