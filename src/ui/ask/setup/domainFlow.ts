import * as vscode from 'vscode';

import { usableAddresses } from '../../../account';
import type { Access, BucketSummary, OssAccount } from '../../../account';
import { UploadError, checkBucketEndpoint, isAbortError } from '../../../engine/index';
import type { Logger } from '../../../engine/index';
import { domainProblem, isPlainHttp, whereToBind, wholeAddress } from './domainTexts';
import { alone, askPick, askText } from '../../editor/boxes';
import type { Answer, Choice, Place } from '../../editor/boxes';
import { l10n, sentenceOf } from '../../editor/editorWords';
import { ruleText } from '../../text/rules';
import { withLateProgress } from '../../editor/lateProgress';
import type { DestinationMemory } from '../../settings/destinationMemory';
import type { Settings } from '../../settings/settings';

/** The bucket whose domain is asked for, and whose eyes to look with. */
export type DomainSubject = ({ readonly profile: string } | { readonly access: Access }) & {
  readonly bucket: string;
  /** '' when it is not known. */
  readonly region: string;
};

/** A subject with its region looked up. */
interface Looked {
  readonly access: Access;
  readonly bucket: BucketSummary;
}

/** The longest wait for what would only spare the user some typing. */
const PATIENCE_MS = 15_000;

/**
 * Finds the domain of its own by which the data of a bucket is reached, asks for it and remembers
 * it: accounts opened since 2025-03-20 have no other way to buckets of mainland China.
 */
export class DomainFlow {
  constructor(
    private readonly settings: Settings,
    private readonly memory: DestinationMemory,
    private readonly account: OssAccount,
    private readonly log: Logger,
  ) {}

  /**
   * Addresses of domains that are bound to the bucket and usable; none where that may not be asked.
   * Undefined where a setting says the address: what is remembered would not count.
   */
  async find(subject: DomainSubject): Promise<readonly string[] | undefined> {
    if (this.isNamed(subject.bucket)) return undefined;
    try {
      const { access, bucket } = await this.look(subject, AbortSignal.timeout(PATIENCE_MS));
      return await this.usable(access, bucket, AbortSignal.timeout(PATIENCE_MS));
    } catch (error) {
      this.log.info(`domains of ${subject.bucket} not found: ${UploadError.from(error).code}`);
      return [];
    }
  }

  /**
   * Has the bucket's data go by this address from now on, once that is seen to serve it; asks for
   * one where none is given, and where this one is of no use. `why` is said with that question. False
   * when none was chosen, and where a setting says the address: that is opened, because it counts.
   */
  async use(
    subject: DomainSubject,
    address?: string,
    place: Place = alone(l10n.t('Domain of Bucket {bucket}', { bucket: subject.bucket })),
    why?: string,
  ): Promise<boolean> {
    if (this.isNamed(subject.bucket)) {
      const setting = 'ossUpload.bucketEndpoints';
      await vscode.commands.executeCommand('workbench.action.openSettings', setting);
      return false;
    }
    const looked = await this.look(subject, AbortSignal.timeout(PATIENCE_MS));
    const answer =
      address === undefined
        ? await this.choose(looked, place, why)
        : await this.confirm(looked, address, place);
    if (answer.kind !== 'value') return false;
    const chosen = wholeAddress(answer.value);
    if (isPlainHttp(chosen)) await this.memory.confirmEndpoint(chosen);
    await this.memory.rememberDomain(subject.bucket, this.settings.route().endpoint, chosen);
    this.log.info(`bucket ${subject.bucket} is reached by ${chosen}`);
    return true;
  }

  /** Whether a setting says by which address the bucket goes. */
  private isNamed(bucket: string): boolean {
    return Object.hasOwn(this.settings.route().bucketEndpoints, bucket);
  }

  /** One of the domains there are; where there is none, the box. */
  private async choose(
    looked: Looked,
    place: Place,
    why: string | undefined,
  ): Promise<Answer<string>> {
    const { bucket, access } = looked;
    const found = await withLateProgress(
      l10n.t('Looking for the domains of {bucket}…', { bucket: bucket.name }),
      (_report, signal) => this.usable(access, bucket, signal).catch(() => []),
    );
    if (found === undefined) return { kind: 'cancel' };
    if (found.length === 0) return this.askBox(looked, place, '', why);
    for (;;) {
      const answer = await askPick<string>({
        place,
        placeholder:
          why ??
          l10n.t('Choose the domain by which uploads to {bucket} go', { bucket: bucket.name }),
        choices: domainChoices(found),
        typed: typedDomain,
        check: (address, signal) => {
          const rule = address === '' ? undefined : checkBucketEndpoint(address);
          return address === '' || rule !== undefined
            ? Promise.resolve(rule && ruleText(rule, l10n))
            : this.problemOf(looked, wholeAddress(address), signal);
        },
      });
      if (answer.kind !== 'value') return answer;
      if (answer.value === '') {
        const typed = await this.askBox(looked, { ...place, canGoBack: true }, '');
        // From the box that the list opened, Back leads to the list.
        if (typed.kind !== 'back') return typed;
      } else if (await mayBePlain(answer.value)) return answer;
    }
  }

  /** An address that is known, once it is seen to serve the bucket. */
  private async confirm(looked: Looked, address: string, place: Place): Promise<Answer<string>> {
    const checked = await withLateProgress(
      l10n.t('Checking {address}…', { address }),
      async (_report, signal) => ({ wrong: await this.problemOf(looked, address, signal) }),
    );
    if (checked === undefined) return { kind: 'cancel' };
    if (checked.wrong !== undefined) return this.askBox(looked, place, address, checked.wrong);
    return (await mayBePlain(address)) ? { kind: 'value', value: address } : { kind: 'cancel' };
  }

  private async askBox(
    looked: Looked,
    place: Place,
    start: string,
    known?: string,
  ): Promise<Answer<string>> {
    let value = start;
    let wrong = known;
    for (;;) {
      const answer = await askText({
        place,
        prompt: l10n.t('A domain that is bound to bucket {bucket}. {where}', {
          bucket: looked.bucket.name,
          where: whereToBind(looked.bucket.name, l10n),
        }),
        placeholder: 'img.example.com',
        value,
        wrong,
        problem: checkBucketEndpoint,
        check: (text, signal) => this.problemOf(looked, wholeAddress(text), signal),
      });
      if (answer.kind !== 'value' || (await mayBePlain(answer.value))) return answer;
      value = answer.value;
      wrong = undefined;
    }
  }

  /** What is wrong with an address, by one harmless request through it. */
  private async problemOf(
    { access, bucket }: Looked,
    address: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      const check = await this.account.checkDomain(access, bucket, address, { signal });
      return domainProblem(check, address, bucket.name, l10n);
    } catch (error) {
      if (isAbortError(error)) throw error;
      if (UploadError.is(error, 'publicEndpointForbidden')) {
        return l10n.t('This is a domain of OSS, not one of your own.');
      }
      return sentenceOf(UploadError.from(error).with({ bucket: bucket.name }));
    }
  }

  private async usable(
    access: Access,
    bucket: BucketSummary,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    return usableAddresses(await this.account.listCnames(access, bucket, { signal }), Date.now());
  }

  private async look(subject: DomainSubject, signal: AbortSignal): Promise<Looked> {
    const access = 'access' in subject ? subject.access : { profile: subject.profile };
    const { bucket: name, region } = subject;
    if (region !== '') return { access, bucket: { name, region } };
    return { access, bucket: await this.account.locateBucket(access, name, { signal }) };
  }
}

/** '' stands for another one, which is typed. */
function domainChoices(addresses: readonly string[]): readonly Choice<string>[] {
  return [
    ...addresses.map((address) => ({
      label: `$(${isPlainHttp(address) ? 'unlock' : 'lock'}) ${address}`,
      description: isPlainHttp(address) ? l10n.t('no valid certificate, unencrypted') : '',
      value: address,
    })),
    { label: `$(edit) ${l10n.t('Type another domain...')}`, value: '' },
  ];
}

/** The row for a domain that is typed into the list. */
function typedDomain(text: string, rows: readonly Choice<string>[]): Choice<string> | undefined {
  if (rows.some(({ value }) => value === wholeAddress(text))) return undefined;
  return { label: `$(edit) ${l10n.t('Use domain "{domain}"', { domain: text })}`, value: text };
}

/** Asks before anything goes unencrypted. */
async function mayBePlain(address: string): Promise<boolean> {
  if (!isPlainHttp(wholeAddress(address))) return true;
  const use = l10n.t('Send Unencrypted');
  const chosen = await vscode.window.showWarningMessage(
    l10n.t('Use {address} without encryption?', { address: wholeAddress(address) }),
    {
      modal: true,
      detail: l10n.t(
        'Everybody on the way can read the files, and change them. A certificate for the domain prevents that.',
      ),
    },
    use,
  );
  return chosen === use;
}
