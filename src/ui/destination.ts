import * as vscode from 'vscode';

import type { Access, BucketSummary, OssAccount } from '../account/ports';
import { UploadError, checkBucketName, checkRegion, isAbortError } from '../engine/index';
import type { CredentialsFlow } from './credentialsFlow';
import type { CredentialsStore } from './credentialsStore';
import type { DestinationMemory } from './destinationMemory';
import { normalizePrefix, prefixProblem } from './keyNames';
import type { Rule } from './keyNames';
import { knownDestination } from './knownDestination';
import type { Destination } from './knownDestination';
import { describeError } from './messages';
import { askPick, askText, runSteps } from './multiStep';
import type { Answer, Choice, Place, Step, StepResult } from './multiStep';
import { ruleText } from './ruleTexts';
import type { Settings } from './settings';
import { initialSetup } from './setupState';
import type { SetupState } from './setupState';

const { l10n } = vscode;

/** How far a destination is asked for. */
export interface AskOptions {
  /** Ask bucket and folder even when they are known. */
  readonly always: boolean;
  /** Keep the answer for the next upload. */
  readonly remember: boolean;
}

/** Finds out where uploads go: settings, then what was chosen before, then a question. */
export class Destinations {
  constructor(
    private readonly settings: Settings,
    private readonly memory: DestinationMemory,
    private readonly account: OssAccount,
    private readonly credentials: CredentialsStore,
    private readonly credentialsFlow: CredentialsFlow,
  ) {}

  /**
   * The destination for a file; asks for what is missing, credentials included. Undefined when the
   * user left: then nothing is stored. Rejects when the region of a known bucket cannot be found.
   */
  async resolve(
    resource: vscode.Uri | undefined,
    options: AskOptions,
  ): Promise<Destination | undefined> {
    const { profile } = this.settings.forResource(resource);
    const hasCredentials = (await this.credentials.get(profile)) !== undefined;
    const known = this.known(resource);
    if (known !== undefined && hasCredentials && !options.always) return this.locate(known);
    return this.ask(resource, { ...options, hasCredentials });
  }

  /** A destination that another extension named, with the rest from the settings. */
  async named(
    resource: vscode.Uri | undefined,
    wanted: { readonly bucket?: string; readonly prefix?: string; readonly region?: string },
  ): Promise<Destination | undefined> {
    if (wanted.bucket === undefined) {
      const destination = await this.resolve(resource, { always: false, remember: true });
      return destination && { ...destination, prefix: wanted.prefix ?? destination.prefix };
    }
    const settings = this.settings.forResource(resource);
    if ((await this.credentials.get(settings.profile)) === undefined) {
      if (!(await this.credentialsFlow.update(settings.profile))) return undefined;
    }
    return this.locate({
      bucket: wanted.bucket,
      region: wanted.region ?? '',
      prefix: wanted.prefix ?? settings.prefix,
      profile: settings.profile,
    });
  }

  /** The command "Select Bucket and Folder...". */
  async selectCommand(resource: vscode.Uri | undefined): Promise<void> {
    const chosen = await this.resolve(resource, { always: true, remember: true });
    if (chosen === undefined) return;
    vscode.window.setStatusBarMessage(
      l10n.t('Uploads go to {place}.', { place: `oss://${chosen.bucket}/${chosen.prefix}` }),
      5000,
    );
  }

  /** The answer to "Bucket is in {region}": written where the wrong one came from. */
  async useRegion(bucket: string, region: string, resource: vscode.Uri | undefined): Promise<void> {
    await this.memory.rememberRegion(bucket, region);
    if (this.settings.forResource(resource).bucket === bucket) {
      await this.settings.rewrite('region', region, resource);
    }
  }

  private known(resource: vscode.Uri | undefined): Destination | undefined {
    return knownDestination(this.settings.forResource(resource), this.memory);
  }

  private async locate(destination: Destination): Promise<Destination> {
    if (destination.region !== '') return destination;
    const remembered = this.memory.region(destination.bucket);
    if (remembered !== '') return { ...destination, region: remembered };
    const { profile, bucket } = destination;
    try {
      const call = { signal: AbortSignal.timeout(30_000) };
      const found = await this.account.locateBucket({ profile }, bucket, call);
      if (found.region !== '') await this.memory.rememberRegion(bucket, found.region);
      return { ...destination, region: found.region };
    } catch (error) {
      // Without the region the upload may still work: an own address needs none, and OSS names
      // the right one in its refusal.
      if (UploadError.is(error, 'accessDenied')) return destination;
      throw UploadError.from(error).with({ bucket });
    }
  }

  private async ask(
    resource: vscode.Uri | undefined,
    options: AskOptions & { readonly hasCredentials: boolean },
  ): Promise<Destination | undefined> {
    const settings = this.settings.forResource(resource);
    const known = this.known(resource);
    const isBucketAsked = options.always || known === undefined;
    const initial = initialSetup(settings.profile, known?.prefix ?? settings.prefix);
    const steps = [
      ...(options.hasCredentials ? [] : await this.credentialsFlow.steps()),
      ...(isBucketAsked ? this.steps(known?.bucket ?? '', options) : []),
    ];
    const state = await runSteps(l10n.t('Upload to OSS'), initial, steps);
    if (state === undefined) return undefined;
    await this.credentialsFlow.save(state);
    const bucket = state.bucket;
    if (bucket === undefined) return known && this.locate(known);
    const destination = { ...state, bucket: bucket.name, region: bucket.region };
    if (bucket.region !== '') await this.memory.rememberRegion(bucket.name, bucket.region);
    if (options.remember) await this.store(resource, destination, state.isForSettings);
    return pickDestination(destination);
  }

  private steps(
    currentBucket: string,
    options: { readonly always: boolean; readonly remember: boolean },
  ): readonly Step<SetupState>[] {
    return [
      { applies: () => true, ask: (state, place) => this.askBucket(state, place, currentBucket) },
      { applies: (state) => state.bucket?.region === '', ask: askRegion },
      {
        applies: () => true,
        ask: (state, place) => this.askFolder(state, place, options),
      },
    ];
  }

  private async askBucket(
    state: SetupState,
    place: Place,
    current: string,
  ): Promise<StepResult<SetupState>> {
    for (;;) {
      let why = l10n.t('Type the name of the bucket');
      let isListed = true;
      try {
        const answer = await askPick<BucketSummary | undefined>({
          place,
          placeholder: l10n.t('Choose the bucket'),
          choices: async (signal) =>
            bucketChoices(await this.account.listBuckets(state.access, { signal })),
          active: (bucket) => bucket?.name === (state.bucket?.name ?? current),
        });
        if (answer.kind !== 'value') return leave(answer);
        if (answer.value !== undefined) return { state: { ...state, bucket: answer.value } };
      } catch (error) {
        isListed = false;
        why = UploadError.is(error, 'accessDenied')
          ? l10n.t('This key cannot list buckets; type the name')
          : sentenceOf(error);
      }
      const name = state.bucket?.name ?? current;
      const at = { ...place, canGoBack: place.canGoBack || isListed };
      const result = await this.askBucketName(state, at, why, name);
      // From the box that the list opened, Back leads to the list.
      if (result !== 'back' || !isListed) return result;
    }
  }

  private async askBucketName(
    state: SetupState,
    place: Place,
    prompt: string,
    value: string,
  ): Promise<StepResult<SetupState>> {
    let found: BucketSummary | undefined;
    const answer = await askText({
      place,
      prompt,
      value,
      validate: by(checkBucketName),
      check: async (name, signal) => {
        try {
          found = await this.account.locateBucket(state.access, name, { signal });
          return undefined;
        } catch (error) {
          return isAbortError(error) || UploadError.is(error, 'accessDenied')
            ? undefined
            : sentenceOf(error, name);
        }
      },
    });
    if (answer.kind !== 'value') return leave(answer);
    return { state: { ...state, bucket: found ?? { name: answer.value, region: '' } } };
  }

  private async askFolder(
    state: SetupState,
    place: Place,
    options: { readonly always: boolean; readonly remember: boolean },
  ): Promise<StepResult<SetupState>> {
    const bucket = state.bucket;
    if (bucket === undefined) return 'skip';
    const save = {
      iconPath: new vscode.ThemeIcon('save'),
      tooltip: l10n.t('Save to workspace settings'),
    };
    const browse = {
      iconPath: new vscode.ThemeIcon('list-tree'),
      tooltip: l10n.t('Browse folders'),
    };
    let value = state.prefix;
    // "Select Bucket and Folder..." starts with the list, the first upload with the box.
    let isBrowsing = options.always;
    for (;;) {
      if (isBrowsing) {
        const folder = await browseFolders(this.account, state.access, bucket, value, place);
        if (folder === 'back' || folder === 'cancel') return folder;
        value = folder.prefix;
        if (folder.isFinal) return { state: { ...state, prefix: value } };
      }
      const answer = await askText({
        place,
        prompt: l10n.t('Folder in bucket {bucket} (empty: the top)', { bucket: bucket.name }),
        placeholder: 'releases/${yyyy}/',
        value,
        buttons: options.remember ? [browse, save] : [browse],
        validate: by(prefixProblem),
      });
      if (answer.kind === 'value')
        return { state: { ...state, prefix: normalizePrefix(answer.value) } };
      if (answer.kind !== 'button') return leave(answer);
      value = answer.text;
      isBrowsing = answer.button === browse;
      if (answer.button === save && prefixProblem(value) === undefined) {
        return { state: { ...state, prefix: normalizePrefix(value), isForSettings: true } };
      }
    }
  }

  private async store(
    resource: vscode.Uri | undefined,
    destination: Destination,
    isForSettings: boolean,
  ): Promise<void> {
    const settings = this.settings.forResource(resource);
    const { bucket, region, prefix } = destination;
    // A setting would hide what is remembered, so it has to be the setting that changes.
    const isHidden = this.settings.isSet('bucket', resource);
    if ((isForSettings || isHidden) && vscode.workspace.isTrusted) {
      await this.settings.saveToWorkspace({ bucket, region, prefix }, resource);
      await this.memory.remember(undefined);
      return;
    }
    const isFromSettings = normalizePrefix(settings.prefix) === prefix;
    await this.memory.remember(isFromSettings ? { bucket } : { bucket, prefix });
  }
}

interface FolderChoice {
  readonly prefix: string;
  /** Take it as it is; otherwise it is shown in the box. */
  readonly isFinal: boolean;
}

type FolderRow =
  | { readonly kind: 'use' }
  | { readonly kind: 'type' }
  | { readonly kind: 'open'; readonly prefix: string };

/** Walks through the folders of a bucket. Where they cannot be listed, the box has to do. */
async function browseFolders(
  account: OssAccount,
  access: Access,
  bucket: BucketSummary,
  start: string,
  place: Place,
): Promise<FolderChoice | 'back' | 'cancel'> {
  // Variables name no folder that could be listed.
  const from = start.includes('${') ? '' : normalizePrefix(start);
  const walk = [from];
  for (;;) {
    const prefix = walk.at(-1) ?? '';
    let answer: Answer<FolderRow>;
    try {
      answer = await askPick<FolderRow>({
        place: { ...place, canGoBack: place.canGoBack || walk.length > 1 },
        placeholder: `oss://${bucket.name}/${prefix}`,
        choices: async (signal) =>
          folderChoices(prefix, await account.listFolders(access, bucket, prefix, { signal })),
      });
    } catch {
      return { prefix: start, isFinal: false };
    }
    if (answer.kind === 'back' && walk.length > 1) {
      walk.pop();
      continue;
    }
    if (answer.kind !== 'value') return answer.kind === 'back' ? 'back' : 'cancel';
    if (answer.value.kind === 'use') return { prefix, isFinal: true };
    if (answer.value.kind === 'type') return { prefix, isFinal: false };
    walk.push(answer.value.prefix);
  }
}

function folderChoices(prefix: string, folders: readonly string[]): readonly Choice<FolderRow>[] {
  const parent = prefix.slice(0, prefix.lastIndexOf('/', prefix.length - 2) + 1);
  return [
    {
      label: `$(check) ${l10n.t('Use this folder')}`,
      description: prefix === '' ? l10n.t('top of the bucket') : prefix,
      value: { kind: 'use' },
    },
    { label: `$(edit) ${l10n.t('Type a folder...')}`, value: { kind: 'type' } },
    ...(prefix === ''
      ? []
      : [
          {
            label: '$(arrow-up) ..',
            description: parent,
            value: { kind: 'open', prefix: parent } as const,
          },
        ]),
    ...folders.map((folder) => ({
      label: `$(folder) ${folder.slice(prefix.length)}`,
      value: { kind: 'open', prefix: folder } as const,
    })),
  ];
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

async function askRegion(state: SetupState, place: Place): Promise<StepResult<SetupState>> {
  const { bucket } = state;
  if (bucket === undefined) return 'skip';
  const answer = await askText({
    place,
    prompt: l10n.t('Region of bucket {bucket}, such as cn-hangzhou', { bucket: bucket.name }),
    placeholder: 'cn-hangzhou',
    value: bucket.region,
    validate: by(checkRegion),
  });
  if (answer.kind !== 'value') return leave(answer);
  return { state: { ...state, bucket: { ...bucket, region: answer.value } } };
}

function pickDestination({ bucket, region, prefix, profile }: Destination): Destination {
  return { bucket, region, prefix, profile };
}

function leave(answer: { readonly kind: 'back' | 'cancel' | 'button' }): 'back' | 'cancel' {
  return answer.kind === 'back' ? 'back' : 'cancel';
}

function sentenceOf(error: unknown, bucket = ''): string {
  const failure = UploadError.from(error).with({ bucket });
  return describeError(failure, {}, { l10n, language: vscode.env.language }).text;
}

function by(problem: (text: string) => Rule | undefined): (text: string) => string | undefined {
  return (text) => {
    const rule = problem(text);
    return rule === undefined ? undefined : ruleText(rule);
  };
}
