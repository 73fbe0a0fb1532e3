import * as vscode from 'vscode';

import type { ObjectOptions } from '../engine/index';
import type { Rule } from './keyNames';
import { alone, askPick, askText } from './multiStep';
import type { Choice } from './multiStep';
import {
  callbackOf,
  callbackProblem,
  headerProblem,
  metadataProblem,
  parseMetadata,
  parseTags,
  tagsProblem,
  trafficLimitBits,
  trafficLimitProblem,
} from './objectOptions';
import { ruleText } from './ruleTexts';

const { l10n } = vscode;

/** What was chosen so far, as typed; '' is OSS's default. */
interface Draft {
  readonly storageClass: '' | NonNullable<ObjectOptions['storageClass']>;
  readonly acl: '' | NonNullable<ObjectOptions['acl']>;
  readonly encryption: '' | 'AES256' | 'KMS' | 'SM4';
  readonly keyId: string;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly contentDisposition: string;
  readonly metadata: string;
  readonly tags: string;
  readonly trafficLimit: string;
  readonly callback: string;
}

const EMPTY: Draft = {
  storageClass: '',
  acl: '',
  encryption: '',
  keyId: '',
  contentType: '',
  cacheControl: '',
  contentDisposition: '',
  metadata: '',
  tags: '',
  trafficLimit: '',
  callback: '',
};

type Edit = (draft: Draft) => Promise<Draft | undefined>;

/**
 * The options of "Upload to OSS Location...": Enter uploads with OSS's defaults, every other row
 * changes one thing. Undefined when the user left.
 */
export async function askObjectOptions(destination: string): Promise<ObjectOptions | undefined> {
  let draft = EMPTY;
  for (;;) {
    const answer = await askPick<Edit | undefined>({
      place: alone(l10n.t('Upload to OSS')),
      placeholder: l10n.t('Upload to {place}, or choose options first', { place: destination }),
      choices: [
        {
          label: `$(cloud-upload) ${l10n.t('Upload')}`,
          description: destination,
          value: undefined,
        },
        ...rowsOf(draft),
      ],
    });
    if (answer.kind !== 'value') return undefined;
    if (answer.value === undefined) return optionsOf(draft);
    // Leaving a box leads back to the list, with nothing changed.
    draft = (await answer.value(draft)) ?? draft;
  }
}

function rowsOf(draft: Draft): readonly Choice<Edit>[] {
  const row = (icon: string, label: string, current: string, value: Edit): Choice<Edit> => ({
    label: `$(${icon}) ${label}`,
    description: current === '' ? l10n.t('default') : current,
    value,
  });
  return [
    row('database', l10n.t('Storage class'), draft.storageClass, async (before) => {
      const chosen = await askOneOf(l10n.t('Storage class'), before.storageClass, [
        '',
        'Standard',
        'IA',
        'Archive',
        'ColdArchive',
        'DeepColdArchive',
      ]);
      return chosen === undefined ? undefined : { ...before, storageClass: chosen };
    }),
    row('lock', l10n.t('Access (ACL)'), draft.acl, async (before) => {
      const chosen = await askOneOf(l10n.t('Access (ACL)'), before.acl, [
        '',
        'private',
        'public-read',
        'public-read-write',
      ]);
      return chosen === undefined ? undefined : { ...before, acl: chosen };
    }),
    row('shield', l10n.t('Server-side encryption'), draft.encryption, askEncryption),
    row('file-code', l10n.t('Content type'), draft.contentType, (before) =>
      edit(before, 'contentType', l10n.t('Content type; empty: by the extension'), headerProblem),
    ),
    row('history', l10n.t('Cache control'), draft.cacheControl, (before) =>
      edit(before, 'cacheControl', l10n.t('Cache-Control, such as max-age=3600'), headerProblem),
    ),
    row('desktop-download', l10n.t('Content disposition'), draft.contentDisposition, (before) =>
      edit(
        before,
        'contentDisposition',
        l10n.t('Content-Disposition, such as attachment'),
        headerProblem,
      ),
    ),
    row('json', l10n.t('Metadata'), draft.metadata, (before) =>
      edit(before, 'metadata', l10n.t('Pairs such as project=web; owner=me'), metadataProblem),
    ),
    row('tag', l10n.t('Tags'), draft.tags, (before) =>
      edit(before, 'tags', l10n.t('Pairs such as project=web; owner=me'), tagsProblem),
    ),
    row('dashboard', l10n.t('Speed limit of each part (KiB/s)'), draft.trafficLimit, (before) =>
      edit(before, 'trafficLimit', l10n.t('100 to 102400; empty: no limit'), trafficLimitProblem),
    ),
    row('plug', l10n.t('Callback'), draft.callback, (before) =>
      edit(
        before,
        'callback',
        l10n.t('URL that OSS calls when the object is stored'),
        callbackProblem,
      ),
    ),
  ];
}

async function askEncryption(before: Draft): Promise<Draft | undefined> {
  const title = l10n.t('Server-side encryption');
  const encryption = await askOneOf(title, before.encryption, ['', 'AES256', 'KMS', 'SM4']);
  if (encryption === undefined) return undefined;
  const draft: Draft = { ...before, encryption, keyId: '' };
  if (encryption !== 'KMS') return draft;
  return edit(draft, 'keyId', l10n.t('Id of the KMS key; empty: the default key'), headerProblem);
}

async function askOneOf<T extends string>(
  title: string,
  current: T,
  values: readonly T[],
): Promise<T | undefined> {
  const answer = await askPick({
    place: { ...alone(title), canGoBack: true },
    placeholder: title,
    choices: values.map((value) => ({
      label: value === '' ? l10n.t('Default of the bucket') : value,
      value,
    })),
    active: (value) => value === current,
  });
  return answer.kind === 'value' ? answer.value : undefined;
}

async function edit(
  draft: Draft,
  field: Exclude<keyof Draft, 'storageClass' | 'acl' | 'encryption'>,
  prompt: string,
  problem: (text: string) => Rule | undefined,
): Promise<Draft | undefined> {
  const answer = await askText({
    place: { ...alone(l10n.t('Upload to OSS')), canGoBack: true },
    prompt,
    value: draft[field],
    validate: (text) => {
      const rule = problem(text);
      return rule === undefined ? undefined : ruleText(rule);
    },
  });
  return answer.kind === 'value' ? { ...draft, [field]: answer.value } : undefined;
}

function optionsOf(draft: Draft): ObjectOptions {
  const { encryption, keyId } = draft;
  return {
    storageClass: draft.storageClass || undefined,
    acl: draft.acl || undefined,
    encryption:
      encryption === '' ? undefined : { algorithm: encryption, keyId: keyId || undefined },
    contentType: draft.contentType || undefined,
    cacheControl: draft.cacheControl || undefined,
    contentDisposition: draft.contentDisposition || undefined,
    metadata: parseMetadata(draft.metadata),
    tags: parseTags(draft.tags),
    trafficLimitBitsPerSecond: trafficLimitBits(draft.trafficLimit),
    callback: callbackOf(draft.callback),
  };
}
