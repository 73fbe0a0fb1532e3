import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { parseRequest } from '../request.ts';
import {
  isSignedByDefault,
  v1Signature,
  v1StringToSign,
  v4CanonicalHeaders,
  v4CanonicalRequest,
  v4Signature,
  v4SigningKey,
  v4StringToSign,
  type SignableRequest,
} from '../signature.ts';
import v1 from '../vectors/signature-v1.json';
import v4 from '../vectors/signature-v4.json';

interface Described {
  readonly method: string;
  readonly bucket: string;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Parses the query with the server's own parser. */
function signable(vector: Described, rawQuery: string): SignableRequest {
  const message = { method: vector.method, url: `/?${rawQuery}`, rawHeaders: [] };
  return {
    method: vector.method,
    bucket: vector.bucket,
    key: vector.key ?? undefined,
    query: parseRequest(message as unknown as IncomingMessage).query,
    headers: new Map(
      Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), value ?? '']),
    ),
  };
}

function timestampOf(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000', '').replace(/[-:]/g, '');
}

describe('signature V1', () => {
  for (const vector of v1.vectors) {
    it(`agrees with the SDKs on ${vector.name}`, () => {
      if (vector.kind === 'header') {
        const text = v1StringToSign(signable(vector, vector.query), vector.date ?? '');
        assert.equal(text, vector.stringToSign);
        assert.equal(
          `OSS ${vector.accessKeyId}:${v1Signature(vector.accessKeySecret, text)}`,
          vector.expectedAuthorization,
        );
      } else {
        const token = vector.securityToken;
        const rawQuery = token
          ? `${vector.query}&security-token=${encodeURIComponent(token)}`
          : vector.query;
        const text = v1StringToSign(signable(vector, rawQuery), String(vector.expires));
        assert.equal(v1Signature(vector.accessKeySecret, text), vector.expectedSignature);
      }
    });
  }

  it('takes the first value of a repeated parameter', () => {
    const request = signable(
      { method: 'GET', bucket: 'b', key: 'k', headers: {} },
      'versionId=1&versionId=2',
    );
    assert.equal(v1StringToSign(request, 'DATE'), 'GET\n\n\nDATE\n/b/k?versionId=1');
  });
});

describe('signature V4', () => {
  for (const vector of v4.vectors) {
    it(`agrees with the SDKs on ${vector.name}`, () => {
      const timestamp = timestampOf(vector.signingTime);
      const scope = {
        day: timestamp.slice(0, 8),
        region: vector.region,
        product: vector.product,
      };
      const scopeText = `${vector.accessKeyId}/${scope.day}/${scope.region}/${scope.product}/aliyun_v4_request`;
      const present = new Set(Object.keys(vector.headers).map((name) => name.toLowerCase()));
      const additional = vector.additionalHeaders
        .map((name) => name.toLowerCase())
        .filter((name) => present.has(name) && !isSignedByDefault(name))
        .sort();
      const inUrl: Record<string, string> = {
        'x-oss-signature-version': 'OSS4-HMAC-SHA256',
        'x-oss-date': timestamp,
        'x-oss-expires': String((vector.expiration ?? 0) - vector.signingTime),
        'x-oss-credential': scopeText,
        ...(additional.length > 0 && { 'x-oss-additional-headers': additional.join(';') }),
        ...(vector.securityToken && { 'x-oss-security-token': vector.securityToken }),
      };
      const inHeader: Record<string, string> = {
        'x-oss-date': timestamp,
        ...(vector.securityToken && { 'x-oss-security-token': vector.securityToken }),
      };
      const isUrl = vector.kind === 'query';
      const request = signable(
        { ...vector, headers: { ...vector.headers, ...(isUrl ? {} : inHeader) } },
        isUrl ? `${vector.rawQuery}&${new URLSearchParams(inUrl).toString()}` : vector.rawQuery,
      );
      const text = v4StringToSign(
        scope,
        timestamp,
        v4CanonicalRequest(request, additional, 'bareName'),
      );
      const signature = v4Signature(v4SigningKey(vector.accessKeySecret, scope), text);
      if (isUrl) {
        assert.equal(signature, vector.expectedSignature);
      } else {
        const names = additional.length > 0 ? `AdditionalHeaders=${additional.join(';')},` : '';
        assert.equal(
          `OSS4-HMAC-SHA256 Credential=${scopeText},${names}Signature=${signature}`,
          vector.expectedAuthorization,
        );
      }
    });
  }

  it('agrees with the example of the document, with the key its printed secret really gives', () => {
    const { document } = v4;
    const digest = createHash('sha256').update(document.canonicalRequest).digest('hex');
    assert.equal(digest, document.canonicalRequestSha256);
    const scope = { day: '20250411', region: 'cn-hangzhou', product: 'oss' };
    const text = v4StringToSign(scope, document.timestamp, document.canonicalRequest);
    const key = v4SigningKey(document.printedSecret, scope);
    assert.equal(key.toString('hex'), document.secretReallyDerivesKeyHex);
    assert.equal(v4Signature(key, text), document.signatureForPrintedSecret);
    assert.equal(
      v4Signature(Buffer.from(document.printedSigningKeyHex, 'hex'), text),
      document.printedSignature,
    );
  });

  it('writes the canonical request of the document', () => {
    const { document } = v4;
    const request: SignableRequest = {
      method: 'PUT',
      bucket: 'examplebucket',
      key: 'exampleobject',
      query: [],
      headers: new Map([
        ['content-disposition', 'attachment'],
        ['content-length', '3'],
        ['content-md5', 'ICy5YqxZB1uWSwcVLSNLcA=='],
        ['content-type', 'text/plain'],
        ['x-oss-content-sha256', 'UNSIGNED-PAYLOAD'],
        ['x-oss-date', '20250411T064124Z'],
        ['host', 'not signed'],
      ]),
    };
    assert.equal(
      v4CanonicalRequest(request, ['content-disposition', 'content-length'], 'bareName'),
      document.canonicalRequest,
    );
  });

  it('sorts headers by their bytes', () => {
    const { headers, expected } = v4.canonicalHeaderSorting;
    const lowered = Object.entries(headers).map(([name, value]): [string, string] => [
      name.toLowerCase(),
      value,
    ]);
    assert.equal(v4CanonicalHeaders(new Map(lowered), []), expected);
  });
});
