/**
 * Those who issue keys, as one real HTTP server that behaves as their documents say: STS, the
 * metadata service of an instance, CloudSSO, OAuth and a credentials URI. What it issues, the OSS
 * server knows from then on.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signParameters } from '../../../../src/oss/credentials/securityTokens';
import type { Issuers } from '../../../../src/oss/credentials/securityTokens';
import type { OssCredential } from '../../../oss-server/authentication';

interface Answer {
  /** Never ends: a byte now and then. */
  readonly drips?: boolean;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
}

const SESSION = 'METADATA-SESSION';

export class Issuer {
  /** What was asked, a line each: the service's host, what, by whom. */
  readonly asked: string[] = [];
  /** Instead of the answer of the service. */
  instead: ((path: string) => Answer | undefined) | undefined;
  /** The metadata service answers only within a session. */
  insistsOnSession = true;
  /** Its clock, ahead of that of this computer. */
  clockOffsetMs = 0;
  /** Role of the instance; '' for none. */
  instanceRole = 'instance';
  readonly #server: Server;
  readonly #known: OssCredential[];

  private constructor(server: Server, known: OssCredential[]) {
    this.#server = server;
    this.#known = known;
    server.on('request', (message: IncomingMessage, answer: ServerResponse) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => {
        const path = message.url ?? '';
        const content = Buffer.concat(chunks).toString();
        const found = this.#answer(message, path, content) ?? refusal(404, 'NotFound');
        const { status = 200, headers = {}, body, drips = false } = found;
        const date = new Date(Date.now() + this.clockOffsetMs).toUTCString();
        answer.writeHead(status, { date, ...headers });
        if (drips) this.#drip(answer);
        else answer.end(body);
      });
    });
  }

  /** Starts it; it signs and issues for the keys of this list, and adds to it. */
  static async start(known: OssCredential[]): Promise<Issuer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Issuer(server, known);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Leads every service of Alibaba Cloud here; the path begins with its host. */
  get issuers(): Issuers {
    return (origin) => `${this.url}/${new URL(origin).host}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #drip(answer: ServerResponse): void {
    const timer = setInterval(() => answer.write(' '), 50);
    answer.on('close', () => {
      clearInterval(timer);
    });
  }

  #answer(message: IncomingMessage, path: string, content: string): Answer | undefined {
    const [, host = '', ...rest] = path.split('/');
    const at = `/${rest.join('/')}`;
    const other = this.instead?.(path);
    if (other !== undefined) {
      this.asked.push(`${message.method} ${path}`);
      return other;
    }
    const bearer = message.headers.authorization ?? '';
    if (host.startsWith('sts')) return this.#sts(host, new URLSearchParams(content));
    if (host === '100.100.100.200') return this.#metadata(message, at);
    if (at === '/cloud-credentials') {
      this.asked.push(`CloudSSO ${content} ${bearer}`);
      if (bearer !== 'Bearer SSO-TOKEN') return refusal(401, 'InvalidAccessToken');
      return json({ CloudCredential: this.#issue('sso'), RequestId: 'r' });
    }
    if (host.startsWith('oauth.')) {
      this.asked.push(`${host}${at} ${bearer}`);
      if (bearer !== 'Bearer OAUTH-TOKEN')
        return { status: 401, body: '{"error":"expired_token"}' };
      const { AccessKeyId, AccessKeySecret, SecurityToken, Expiration } = this.#issue('oauth');
      return json({
        accessKeyId: AccessKeyId,
        accessKeySecret: AccessKeySecret,
        securityToken: SecurityToken,
        expiration: Expiration,
      });
    }
    if (host === 'uri') {
      this.asked.push('GET the URI');
      return json(this.#issue('uri'));
    }
    return undefined;
  }

  #sts(host: string, form: URLSearchParams): Answer {
    const { Signature, ...parameters } = Object.fromEntries(form);
    const { Action, RoleArn = '', RoleSessionName, DurationSeconds, AccessKeyId } = parameters;
    const more = ['ExternalId', 'Policy', 'OIDCProviderArn', 'OIDCToken', 'SecurityToken']
      .filter((name) => parameters[name] !== undefined)
      .map((name) => ` ${name}=${parameters[name]}`);
    const by = AccessKeyId === undefined ? '' : ` by ${AccessKeyId}`;
    const what = `${Action} ${RoleArn} as ${RoleSessionName} for ${DurationSeconds}`;
    this.asked.push(`${host}: ${what}${by}${more.join('')}`);
    const offMs = Date.parse(parameters['Timestamp'] ?? '') - Date.now() - this.clockOffsetMs;
    if (!(Math.abs(offMs) <= 900_000)) return refusal(400, 'InvalidTimeStamp.Expired');
    if (Action === 'AssumeRole') {
      const signer = this.#known.find((key) => key.accessKeyId === AccessKeyId);
      if (signer === undefined) return refusal(404, 'InvalidAccessKeyId.NotFound');
      if (signer.disabled === true) return refusal(403, 'InvalidAccessKeyId.Inactive');
      if (signer.securityToken !== parameters['SecurityToken']) {
        return refusal(400, 'InvalidSecurityToken.Malformed');
      }
      if (Signature !== signParameters('POST', parameters, signer.accessKeySecret)) {
        return refusal(400, 'SignatureDoesNotMatch');
      }
    }
    const name = RoleArn.split('/')[1];
    if (name === undefined) return refusal(404, 'EntityNotExist.Role');
    return json({ Credentials: this.#issue(name), RequestId: 'r' });
  }

  #metadata({ method, headers }: IncomingMessage, path: string): Answer {
    this.asked.push(`${method} ${path.replace('/latest/', '')}`);
    if (path === '/latest/api/token') {
      return this.insistsOnSession ? { body: SESSION } : refusal(404, 'NotFound');
    }
    if (this.insistsOnSession && headers['x-aliyun-ecs-metadata-token'] !== SESSION) {
      return refusal(403, 'Forbidden');
    }
    const role = path.split('/security-credentials/')[1] ?? '';
    if (role === '' && this.instanceRole !== '') return { body: this.instanceRole };
    if (role === '' || role !== this.instanceRole) return refusal(404, 'NotFound');
    return json({ Code: 'Success', ...this.#issue(role) });
  }

  #issue(name: string) {
    const issued = {
      AccessKeyId: `STS.${name}`,
      AccessKeySecret: `secret-of-${name}`,
      SecurityToken: `token-of-${name}`,
      Expiration: new Date(Date.now() + this.clockOffsetMs + 3_600_000).toISOString(),
    };
    this.#known.push({
      accessKeyId: issued.AccessKeyId,
      accessKeySecret: issued.AccessKeySecret,
      securityToken: issued.SecurityToken,
    });
    return issued;
  }
}

const json = (value: object): Answer => ({ body: JSON.stringify(value) });
const refusal = (status: number, code: string): Answer => ({
  status,
  body: JSON.stringify({ Code: code, Message: 'secret words LTAI5tOne' }),
});
