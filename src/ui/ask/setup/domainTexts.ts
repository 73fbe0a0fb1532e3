/** What is said about the domains of buckets. Knows no editor. */
import type { DomainCheck } from '../../../account';
import { parseEndpoint } from '../../../engine/index';
import type { Localizer } from '../../text/words';

/** An address as it is remembered: with its scheme, https where none was typed. */
export function wholeAddress(text: string): string {
  const written = text.trim().replace(/\/$/, '');
  const parsed = parseEndpoint(written);
  if (/^https?:/i.test(written) || typeof parsed !== 'object') return written;
  return `${parsed.secure ? 'https' : 'http'}://${written}`;
}

/** Whether everybody on the way can read what goes there. */
export function isPlainHttp(address: string): boolean {
  const parsed = parseEndpoint(address);
  return typeof parsed === 'object' && !parsed.secure;
}

/** What is wrong with an address for a bucket; undefined when it serves it. */
export function domainProblem(
  { verdict, error }: DomainCheck,
  address: string,
  bucket: string,
  l10n: Localizer,
): string | undefined {
  const facts = { domain: address.replace(/^https?:\/\//i, ''), bucket, code: error?.code ?? '' };
  switch (verdict) {
    case 'usable':
      return undefined;
    case 'notBound':
      return l10n.t('{domain} is not bound to {bucket}. {where}', {
        ...facts,
        where: whereToBind(bucket, l10n),
      });
    case 'otherBucket':
      return l10n.t('{domain} belongs to another bucket, not to {bucket}.', facts);
    case 'certificate':
      return l10n.t(
        '{domain} has no valid certificate ({code}). Upload one in the OSS console, or type http://{domain}, which sends everything unencrypted.',
        facts,
      );
    case 'unreachable':
      return l10n.t(
        '{domain} cannot be reached ({code}). Check the name, and whether its CNAME record leads to the bucket.',
        facts,
      );
    case 'notOss':
      return l10n.t(
        'What answers at {domain} is not OSS. Its CNAME record has to lead to the bucket.',
        facts,
      );
  }
}

/** Where a domain is bound, which only the owner of the bucket can do. */
export function whereToBind(bucket: string, l10n: Localizer): string {
  return l10n.t(
    'Bind one in the OSS console: {bucket} > Bucket Settings > Domain Names > Map Custom Domain Name.',
    { bucket },
  );
}
