import * as vscode from 'vscode';

import type { BucketSummary, OssAccount } from '../../../account';
import { UploadError, checkBucketName, checkRegion, isAbortError } from '../../../engine/index';
import type { SetupState } from './credentialsFlow';
import type { DomainFlow } from './domainFlow';
import type { RouteQuestion } from './routeQuestion';
import { l10n, sentenceOf } from '../../editor/editorWords';
import { normalizePrefix, prefixProblem } from '../../text/keyNames';
import { ruleText } from '../../text/rules';
import { askPick, askText, mapAnswer, placeOf } from '../../editor/boxes';
import type { Answer, Choice, Place, Step } from '../../editor/boxes';

/** How far a destination is asked for. */
export interface AskOptions {
  /** Ask bucket and folder even when they are known. */
  readonly always: boolean;
  /** Keep the answer for the next upload. */
  readonly remember: boolean;
  /** Ask for no folder: it is known already where in the bucket. */
  readonly bucketOnly?: boolean;
}

/** The folder of a bucket and what becomes of it: taken, shown in the box, or looked into. */
interface FolderRow {
  readonly prefix: string;
  readonly then: 'use' | 'type' | 'open';
}

/** The questions that end with bucket and folder in the state. */
export class DestinationFlow {
  constructor(
    private readonly account: OssAccount,
    private readonly domains: DomainFlow,
    private readonly route: RouteQuestion,
  ) {}

  /** The steps; `current` is the name of the bucket that is used now, '' when there is none. */
  steps(current: string, options: AskOptions): readonly Step<SetupState>[] {
    return [
      this.route.step(),
      { applies: () => true, ask: (state, place) => this.askBucket(state, place, current) },
      this.route.step(({ bucket }) => bucket?.name ?? ''),
      { applies: (state) => state.bucket?.region === '', ask: askRegion },
      {
        applies: () => options.bucketOnly !== true,
        ask: (state, place) => this.askFolder(state, place, options),
      },
    ];
  }

  private async askBucket(
    state: SetupState,
    place: Place,
    current: string,
  ): Promise<Answer<SetupState>> {
    const name = state.bucket?.name ?? current;
    const at = placeOf(l10n.t('Bucket'), place);
    for (;;) {
      let why = l10n.t('Type the name of the bucket');
      let isListed = true;
      let found: BucketSummary | undefined;
      try {
        const answer = await askPick<BucketSummary | undefined>({
          place: at,
          placeholder: l10n.t('Choose the bucket, or type its name'),
          choices: async (signal) =>
            bucketChoices(await this.account.listBuckets(state.access, { signal })),
          active: (bucket) => bucket?.name === name,
          typed: typedBucket,
          check: async (bucket, signal) => {
            if (bucket?.region !== '') return undefined;
            const rule = checkBucketName(bucket.name);
            if (rule !== undefined) return ruleText(rule, l10n);
            const located = await this.locate(state, bucket.name, signal);
            found = located.bucket;
            return located.problem;
          },
        });
        if (answer.kind !== 'value') return answer;
        const chosen = answer.value;
        if (chosen !== undefined)
          return withBucket(state, chosen.name === found?.name ? found : chosen);
      } catch (error) {
        isListed = false;
        why = UploadError.is(error, 'accessDenied')
          ? l10n.t('This key cannot list buckets; type the name')
          : sentenceOf(error);
      }
      const below = { ...at, canGoBack: place.canGoBack || isListed };
      const answer = await this.askBucketName(state, below, why, name);
      // From the box that the list opened, Back leads to the list.
      if (answer.kind !== 'back' || !isListed) return answer;
    }
  }

  private async askBucketName(
    state: SetupState,
    place: Place,
    prompt: string,
    value: string,
  ): Promise<Answer<SetupState>> {
    let found: BucketSummary | undefined;
    const answer = await askText({
      place,
      prompt,
      value,
      problem: checkBucketName,
      check: async (name, signal) => {
        const located = await this.locate(state, name, signal);
        found = located.bucket;
        return located.problem;
      },
    });
    if (answer.kind !== 'value') return answer;
    return withBucket(state, found ?? { name: answer.value, region: '' });
  }

  /** Where a bucket is, or why none of this name can be used. Neither when that may not be asked. */
  private async locate(
    { access }: SetupState,
    name: string,
    signal: AbortSignal,
  ): Promise<{ readonly bucket?: BucketSummary; readonly problem?: string }> {
    // Its own address is asked about when the box is gone; until then nothing goes by it.
    if (this.route.isOpen(name)) return {};
    try {
      return { bucket: await this.account.locateBucket(access, name, { signal }) };
    } catch (error) {
      if (isAbortError(error) || UploadError.is(error, 'accessDenied')) return {};
      return { problem: sentenceOf(UploadError.from(error).with({ bucket: name })) };
    }
  }

  private async askFolder(
    state: SetupState,
    series: Place,
    options: AskOptions,
  ): Promise<Answer<SetupState>> {
    const place = placeOf(l10n.t('Folder'), series);
    const { bucket } = state;
    if (bucket === undefined) return { kind: 'cancel' };
    const save = {
      iconPath: new vscode.ThemeIcon('save'),
      tooltip: l10n.t('Save to workspace settings'),
    };
    const browse = {
      iconPath: new vscode.ThemeIcon('list-tree'),
      tooltip: l10n.t('Browse folders'),
    };
    const take = (prefix: string, isForSettings = false): Answer<SetupState> => ({
      kind: 'value',
      value: { ...state, prefix, isForSettings },
    });
    let value = state.prefix;
    // "Select Bucket and Folder..." starts with the list, the first upload with the box.
    let isBrowsing = options.always;
    let isFromBox = false;
    for (;;) {
      if (isBrowsing) {
        const at = { ...place, canGoBack: place.canGoBack || isFromBox };
        const folder = await this.browse(state, bucket, value, at);
        if (folder.kind === 'value') {
          value = folder.value.prefix;
          if (folder.value.then === 'use') return take(value);
        } else if (folder.kind !== 'back' || !isFromBox) return folder;
        // From the list that the box opened, Back leads to the box.
      }
      isFromBox = true;
      const answer = await askText({
        place,
        prompt: l10n.t('Folder in bucket {bucket} (empty: the top)', { bucket: bucket.name }),
        placeholder: 'releases/${yyyy}/',
        value,
        buttons: options.remember ? [browse, save] : [browse],
        problem: prefixProblem,
      });
      if (answer.kind === 'value') return take(normalizePrefix(answer.value));
      if (answer.kind !== 'button') return answer;
      value = answer.text;
      isBrowsing = answer.button === browse;
      if (answer.button === save && prefixProblem(value) === undefined) {
        return take(normalizePrefix(value), true);
      }
    }
  }

  /** Walks through the folders of a bucket. Where they cannot be listed, the box has to do. */
  private async browse(
    { access }: SetupState,
    bucket: BucketSummary,
    start: string,
    place: Place,
  ): Promise<Answer<FolderRow>> {
    // Variables name no folder that could be listed.
    const walk = [start.includes('${') ? '' : normalizePrefix(start)];
    for (;;) {
      const prefix = walk.at(-1) ?? '';
      let answer: Answer<FolderRow>;
      try {
        answer = await askPick<FolderRow>({
          place: { ...place, canGoBack: place.canGoBack || walk.length > 1 },
          placeholder: `oss://${bucket.name}/${prefix}`,
          choices: async (signal) =>
            folderChoices(
              prefix,
              await this.account.listFolders(access, bucket, prefix, { signal }),
            ),
          typed: (text, rows) => typedFolder(prefix, text, rows),
          check: (row) => {
            const rule = prefixProblem(row.prefix);
            return Promise.resolve(rule && ruleText(rule, l10n));
          },
        });
      } catch (error) {
        // The uploads would be refused as well.
        if (UploadError.is(error) && error.isAboutDomain) {
          const subject = { access, bucket: bucket.name, region: bucket.region };
          // That this account needs a domain is what the question is about; that one is dead is news.
          const { domain } = error;
          const why =
            domain && l10n.t('{domain} does not work any more. Choose another.', { domain });
          if (await this.domains.use(subject, undefined, place, why)) continue;
        }
        return { kind: 'value', value: { prefix: start, then: 'type' } };
      }
      if (answer.kind === 'back' && walk.length > 1) walk.pop();
      else if (answer.kind === 'value' && answer.value.then === 'open')
        walk.push(answer.value.prefix);
      else return answer;
    }
  }
}

function withBucket(state: SetupState, bucket: BucketSummary): Answer<SetupState> {
  return { kind: 'value', value: { ...state, bucket } };
}

async function askRegion(state: SetupState, place: Place): Promise<Answer<SetupState>> {
  const { bucket } = state;
  if (bucket === undefined) return { kind: 'cancel' };
  const answer = await askText({
    place: placeOf(l10n.t('Region'), place),
    prompt: l10n.t('Region of bucket {bucket}, such as cn-hangzhou', { bucket: bucket.name }),
    placeholder: 'cn-hangzhou',
    value: bucket.region,
    problem: checkRegion,
  });
  return mapAnswer(answer, (region) => ({ ...state, bucket: { ...bucket, region } }));
}

/** The row for a bucket that is not listed: of another account, or not to be listed with this key. */
function typedBucket(
  name: string,
  rows: readonly Choice<BucketSummary | undefined>[],
): Choice<BucketSummary | undefined> | undefined {
  if (rows.some(({ value }) => value?.name === name)) return undefined;
  return {
    label: `$(archive) ${l10n.t('Use bucket "{name}"', { name })}`,
    value: { name, region: '' },
  };
}

/** The row for a folder below this one that need not exist yet. */
function typedFolder(
  prefix: string,
  text: string,
  rows: readonly Choice<FolderRow>[],
): Choice<FolderRow> | undefined {
  const folder = prefix + normalizePrefix(text);
  if (rows.some(({ value }) => value.then === 'open' && value.prefix === folder)) return undefined;
  return {
    label: `$(new-folder) ${l10n.t('Use folder "{folder}"', { folder })}`,
    value: { prefix: folder, then: 'use' },
  };
}

function bucketChoices(
  buckets: readonly BucketSummary[],
): readonly Choice<BucketSummary | undefined>[] {
  return [
    ...buckets.map((bucket) => ({
      label: `$(archive) ${bucket.name}`,
      description: bucket.region,
      value: bucket,
    })),
    { label: `$(edit) ${l10n.t('Type the name of another bucket...')}`, value: undefined },
  ];
}

function folderChoices(prefix: string, folders: readonly string[]): readonly Choice<FolderRow>[] {
  const parent = prefix.slice(0, prefix.lastIndexOf('/', prefix.length - 2) + 1);
  const open = (label: string, folder: string, description?: string): Choice<FolderRow> => ({
    label,
    ...(description === undefined ? {} : { description }),
    value: { prefix: folder, then: 'open' },
  });
  return [
    {
      label: `$(check) ${l10n.t('Use this folder')}`,
      description: prefix === '' ? l10n.t('top of the bucket') : prefix,
      value: { prefix, then: 'use' },
    },
    { label: `$(edit) ${l10n.t('Type a folder...')}`, value: { prefix, then: 'type' } },
    ...(prefix === '' ? [] : [open('$(arrow-up) ..', parent, parent)]),
    ...folders.map((folder) => open(`$(folder) ${folder.slice(prefix.length)}`, folder)),
  ];
}
