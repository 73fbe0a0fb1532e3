import { OssError, accessDenied, invalidArgument } from './error.ts';
import type { Address, OssRequest } from './request.ts';
import {
  isSignedByDefault,
  v1Signature,
  v1StringToSign,
  v4CanonicalRequest,
  v4Signature,
  v4SigningKey,
  v4StringToSign,
  type EmptyValueForm,
  type V4Scope,
} from './signature.ts';
import type { OperationName } from './operationNames.ts';

/** A key that the server knows. It may be changed while the server runs. */
export interface OssCredential {
  accessKeyId: string;
  accessKeySecret: string;
  /** With a token the key is a temporary one, and is refused without it. */
  securityToken?: string | undefined;
  /** End of a temporary key, in milliseconds since 1970. */
  expiresAt?: number | undefined;
  /**
   * Refused with `InvalidAccessKeyId`, as inactive. A key that is taken out of the server's list
   * is refused as one that does not exist.
   */
  disabled?: boolean | undefined;
  /** Refused with `UserDisable`, as an account that has not paid. */
  inArrears?: boolean | undefined;
  /** Has no right to use keys of KMS. */
  deniesKms?: boolean | undefined;
  /**
   * Operations this key has no right to. Without `putObjectTagging` it cannot upload with tags
   * either.
   */
  deny?: readonly OperationName[] | undefined;
  /** Buckets this key has no right to. */
  deniedBuckets?: readonly string[] | undefined;
}

/** How far a client's clock may be off. */
const maxSkewMs = 15 * 60 * 1000;

interface V1Claim {
  readonly version: 'v1';
  readonly accessKeyId: string;
  readonly signature: string;
  readonly securityToken: string | undefined;
  /** Text that was signed as the date. */
  readonly date: string;
  readonly inUrl: boolean;
}

interface V4Claim {
  readonly version: 'v4';
  readonly accessKeyId: string;
  readonly signature: string;
  readonly securityToken: string | undefined;
  readonly scope: V4Scope;
  readonly additionalHeaders: readonly string[];
  /** `YYYYMMDDTHHMMSSZ` */
  readonly timestamp: string;
  /** Set in a URL only. */
  readonly expiresSeconds: number | undefined;
  readonly inUrl: boolean;
}

type Claim = V1Claim | V4Claim;

/** Who sent a request and which address was meant, before it is decided whether it may. */
export interface Identity {
  readonly address: Address;
  /** Undefined for an anonymous or an unknown sender. */
  readonly credential: OssCredential | undefined;
  /** Region of the V4 scope. */
  readonly signingRegion: string | undefined;
  /** Version of the signature; undefined when there is none. */
  readonly signatureVersion: 'v1' | 'v4' | undefined;
  /** Throws the OssError that refuses the request; returns when it may be looked at further. */
  check(nowMs: number): void;
}

function headerClaim(request: OssRequest, authorization: string): Claim {
  const securityToken = request.headers.get('x-oss-security-token');
  const v1 = /^OSS ([^:\s]+):(\S+)$/.exec(authorization);
  if (v1) {
    const date = request.headers.get('x-oss-date') ?? request.headers.get('date') ?? '';
    const [, accessKeyId, signature] = v1;
    return {
      version: 'v1',
      accessKeyId: accessKeyId!,
      signature: signature!,
      securityToken,
      date,
      inUrl: false,
    };
  }
  if (!authorization.startsWith('OSS4-HMAC-SHA256 ')) {
    throw invalidArgument('Authorization header is invalid.', 'Authorization', authorization);
  }
  const fields = new Map(
    authorization
      .slice('OSS4-HMAC-SHA256 '.length)
      .split(',')
      .map((field): [string, string] => {
        const equals = field.indexOf('=');
        return [field.slice(0, equals).trim(), field.slice(equals + 1).trim()];
      }),
  );
  const signature = fields.get('Signature');
  if (signature === undefined) {
    throw invalidArgument('Authorization header is invalid.', 'Authorization', authorization);
  }
  const additional = fields.get('AdditionalHeaders');
  if (additional === '') {
    throw invalidArgument(
      'Empty AdditionalHeaders in Authorization header.',
      'Authorization',
      authorization,
      '0002-00000209',
    );
  }
  if (request.headers.get('x-oss-content-sha256') !== 'UNSIGNED-PAYLOAD') {
    throw invalidArgument(
      'x-oss-content-sha256 must be UNSIGNED-PAYLOAD.',
      'x-oss-content-sha256',
      request.headers.get('x-oss-content-sha256'),
      '0002-00000214',
    );
  }
  const timestamp = request.headers.get('x-oss-date') ?? request.headers.get('date') ?? '';
  return {
    version: 'v4',
    ...parseCredentialScope(fields.get('Credential') ?? '', 'Authorization header'),
    signature,
    securityToken,
    additionalHeaders: parseAdditionalHeaders(request, additional),
    timestamp,
    expiresSeconds: undefined,
    inUrl: false,
  };
}

function parseCredentialScope(
  text: string,
  where: string,
): { readonly accessKeyId: string; readonly scope: V4Scope } {
  const [accessKeyId, day, region, product, type, ...rest] = text.split('/');
  if (!accessKeyId || !day || !region || type !== 'aliyun_v4_request' || rest.length > 0) {
    throw invalidArgument(`Invalid credential in ${where}.`, 'Credential', text);
  }
  if (product !== 'oss') {
    throw invalidArgument(
      `Invalid signing product in ${where}.`,
      'Credential',
      text,
      '0002-00000227',
    );
  }
  return { accessKeyId, scope: { day, region, product } };
}

function parseAdditionalHeaders(request: OssRequest, text: string | undefined): string[] {
  if (text === undefined || text === '') return [];
  const names = text.split(';');
  if (names.includes('')) {
    throw invalidArgument(
      'Empty header name in additional headers.',
      'AdditionalHeaders',
      text,
      '0002-00000210',
    );
  }
  const wrong = names.find(
    (name) => name !== name.toLowerCase() || isSignedByDefault(name) || !request.headers.has(name),
  );
  if (wrong !== undefined) {
    throw invalidArgument(`Invalid additional header ${wrong}.`, 'AdditionalHeaders', text);
  }
  return names.sort();
}

function v4UrlClaim(request: OssRequest): V4Claim {
  const required = (name: string, ec: string): string => {
    const value = request.parameter(name);
    if (value === undefined) throw invalidArgument(`Missing ${name}.`, name, undefined, ec);
    return value;
  };
  if (request.parameter('x-oss-signature-version') !== 'OSS4-HMAC-SHA256') {
    throw invalidArgument('Invalid x-oss-signature-version.', 'x-oss-signature-version');
  }
  const credential = required('x-oss-credential', '0002-00000217');
  const expires = required('x-oss-expires', '0002-00000215');
  if (expires === '') {
    throw invalidArgument('Empty x-oss-expires.', 'x-oss-expires', '', '0002-00000216');
  }
  const securityToken = request.parameter('x-oss-security-token');
  const expiresSeconds = Number(expires);
  const maxSeconds = securityToken === undefined ? 604_800 : 43_200;
  if (!Number.isInteger(expiresSeconds) || expiresSeconds < 1 || expiresSeconds > maxSeconds) {
    throw invalidArgument('Invalid x-oss-expires.', 'x-oss-expires', expires);
  }
  return {
    version: 'v4',
    ...parseCredentialScope(credential, 'query'),
    signature: required('x-oss-signature', '0002-00000219'),
    securityToken,
    additionalHeaders: parseAdditionalHeaders(
      request,
      request.parameter('x-oss-additional-headers'),
    ),
    timestamp: request.parameter('x-oss-date') ?? '',
    expiresSeconds,
    inUrl: true,
  };
}

function v1UrlClaim(request: OssRequest): V1Claim {
  const accessKeyId = request.parameter('OSSAccessKeyId');
  const date = request.parameter('Expires');
  const signature = request.parameter('Signature');
  if (accessKeyId === undefined || date === undefined || signature === undefined) {
    throw accessDenied(
      'Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters',
    );
  }
  const securityToken = request.parameter('security-token');
  return { version: 'v1', accessKeyId, signature, securityToken, date, inUrl: true };
}

/** The signature that comes with a request; undefined for an anonymous one. */
function readClaim(request: OssRequest): Claim | undefined {
  const authorization = request.headers.get('authorization');
  const has = (...names: readonly string[]) =>
    names.some((name) => request.parameter(name) !== undefined);
  const v1Url = has('OSSAccessKeyId', 'Expires', 'Signature');
  const v4Url = has('x-oss-signature-version', 'x-oss-credential', 'x-oss-signature');
  if (authorization !== undefined && (v1Url || v4Url)) {
    throw invalidArgument('Only one authentication mechanism is allowed.', 'Authorization');
  }
  if (authorization !== undefined) return headerClaim(request, authorization);
  if (v4Url) return v4UrlClaim(request);
  return v1Url ? v1UrlClaim(request) : undefined;
}

interface Computed {
  readonly signature: string;
  readonly stringToSign: string;
  readonly canonicalRequest: string | undefined;
}

function computeSignature(
  request: OssRequest,
  claim: Claim,
  secret: string,
  address: Address,
  emptyValues: EmptyValueForm,
): Computed {
  const signable = {
    method: request.method,
    bucket: address.bucket,
    key: address.key,
    query: request.query,
    headers: request.headers,
  };
  if (claim.version === 'v1') {
    const stringToSign = v1StringToSign(signable, claim.date);
    const signature = v1Signature(secret, stringToSign);
    return { signature, stringToSign, canonicalRequest: undefined };
  }
  const canonicalRequest = v4CanonicalRequest(signable, claim.additionalHeaders, emptyValues);
  const stringToSign = v4StringToSign(claim.scope, claim.timestamp, canonicalRequest);
  const signature = v4Signature(v4SigningKey(secret, claim.scope), stringToSign);
  return { signature, stringToSign, canonicalRequest };
}

/** Milliseconds of `YYYYMMDDTHHMMSSZ`; NaN when it is something else. */
function parseTimestamp(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year!}-${month!}-${day!}T${hour!}:${minute!}:${second!}Z`);
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString();
}

function checkSkew(requestMs: number, nowMs: number): void {
  if (Math.abs(nowMs - requestMs) <= maxSkewMs) return;
  throw new OssError(
    403,
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    {
      ec: '0002-00000504',
      elements: {
        MaxAllowedSkewMilliseconds: maxSkewMs,
        RequestTime: isoSeconds(requestMs),
        ServerTime: isoSeconds(nowMs),
      },
    },
  );
}

function checkTime(claim: Claim, nowMs: number): void {
  if (claim.version === 'v1' && claim.inUrl) {
    if (!/^\d+$/.test(claim.date)) {
      throw accessDenied('Invalid date (should be seconds since epoch)');
    }
    if (Number(claim.date) * 1000 < nowMs) throw accessDenied('Request has expired.');
    return;
  }
  const requestMs =
    claim.version === 'v1' ? Date.parse(claim.date) : parseTimestamp(claim.timestamp);
  if (Number.isNaN(requestMs)) {
    throw accessDenied('OSS authentication requires a valid Date.', { ec: '0002-00000505' });
  }
  if (claim.version === 'v4' && !claim.timestamp.startsWith(claim.scope.day)) {
    throw invalidArgument(
      'The date of the credential must be the day of x-oss-date.',
      'Credential',
      claim.scope.day,
      claim.inUrl ? '0002-00000223' : '0002-00000212',
    );
  }
  if (claim.version === 'v4' && claim.expiresSeconds !== undefined) {
    if (nowMs < requestMs - maxSkewMs) throw accessDenied('Request is not yet valid.');
    if (nowMs > requestMs + claim.expiresSeconds * 1000) {
      throw accessDenied('Request has expired.');
    }
    return;
  }
  checkSkew(requestMs, nowMs);
}

function invalidAccessKeyId(accessKeyId: string, isInactive = false): OssError {
  return new OssError(
    403,
    'InvalidAccessKeyId',
    isInactive
      ? 'The OSS Access Key Id you provided is disabled.'
      : 'The OSS Access Key Id you provided does not exist in our records.',
    {
      ec: isInactive ? '0002-00000904' : '0002-00000902',
      elements: { OSSAccessKeyId: accessKeyId },
    },
  );
}

function checkCredential(credential: OssCredential, claim: Claim, nowMs: number): void {
  if (credential.disabled) {
    throw invalidAccessKeyId(claim.accessKeyId, true);
  }
  if (credential.inArrears) {
    throw new OssError(403, 'UserDisable', 'UserDisable', { ec: '0003-00000801' });
  }
  if (credential.securityToken === undefined) {
    if (claim.securityToken === undefined) return;
    throw new OssError(
      403,
      'AccessKeyIdAndSecurityTokenNotMatch',
      'The AccessKey Id and security token do not match.',
    );
  }
  // What a temporary key without its token is told is not documented.
  if (claim.securityToken === undefined) throw invalidAccessKeyId(claim.accessKeyId);
  if (claim.securityToken !== credential.securityToken) {
    throw new OssError(403, 'InvalidSecurityToken', 'The security token you provided is invalid.', {
      ec: '0002-00000006',
    });
  }
  if (credential.expiresAt !== undefined && credential.expiresAt <= nowMs) {
    throw new OssError(
      403,
      'SecurityTokenExpired',
      'The security token you provided has expired.',
      { ec: '0002-00000007' },
    );
  }
}

function signatureDoesNotMatch(claim: Claim, computed: Computed): OssError {
  return new OssError(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    {
      ec: claim.version === 'v1' ? '0002-00000040' : '0002-00000201',
      elements: {
        OSSAccessKeyId: claim.accessKeyId,
        SignatureProvided: claim.signature,
        StringToSign: Buffer.from(computed.stringToSign, 'latin1').toString('utf8'),
        StringToSignBytes: [...Buffer.from(computed.stringToSign, 'latin1')]
          .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
          .join(' '),
        ...(computed.canonicalRequest !== undefined && {
          CanonicalRequest: Buffer.from(computed.canonicalRequest, 'latin1').toString('utf8'),
        }),
      },
    },
  );
}

/**
 * Finds out who sent the request and which of the possible addresses was signed. Never throws:
 * what is wrong is thrown by `check`, so that a fault may come first.
 */
export function identify(
  request: OssRequest,
  addresses: readonly [Address, ...Address[]],
  credentials: readonly OssCredential[],
): Identity {
  let claim: Claim | undefined;
  try {
    claim = readClaim(request);
  } catch (error) {
    return {
      address: addresses[0],
      credential: undefined,
      signingRegion: undefined,
      signatureVersion: undefined,
      check: () => {
        throw error;
      },
    };
  }
  if (claim === undefined) {
    return {
      address: addresses[0],
      credential: undefined,
      signingRegion: undefined,
      signatureVersion: undefined,
      check: () => undefined,
    };
  }
  const { accessKeyId } = claim;
  const signingRegion = claim.version === 'v4' ? claim.scope.region : undefined;
  const sameId = credentials.filter((candidate) => candidate.accessKeyId === accessKeyId);
  const credential =
    sameId.find((candidate) => candidate.securityToken === claim.securityToken) ?? sameId[0];
  if (credential === undefined) {
    return {
      address: addresses[0],
      credential,
      signingRegion,
      signatureVersion: claim.version,
      check: () => {
        throw invalidAccessKeyId(accessKeyId);
      },
    };
  }
  const forms: readonly EmptyValueForm[] =
    claim.version === 'v4' ? ['bareName', 'withEqualsSign'] : ['bareName'];
  const compute = (address: Address, form: EmptyValueForm) =>
    computeSignature(request, claim, credential.accessKeySecret, address, form);
  const match = addresses.find((address) =>
    forms.some((form) => compute(address, form).signature === claim.signature),
  );
  return {
    address: match ?? addresses[0],
    credential,
    signingRegion,
    signatureVersion: claim.version,
    check: (nowMs) => {
      checkCredential(credential, claim, nowMs);
      checkTime(claim, nowMs);
      if (!match) throw signatureDoesNotMatch(claim, compute(addresses[0], 'bareName'));
    },
  };
}
