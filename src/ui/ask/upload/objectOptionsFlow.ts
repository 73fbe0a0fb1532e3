import { STORAGE_CLASSES } from '../../../engine/index';
import type { ObjectOptions } from '../../../engine/index';
import { l10n } from '../../editor/editorWords';
import type { Rule } from '../../text/keyNames';
import { alone, askPick, askText, pick } from '../../editor/boxes';
import type { Choice } from '../../editor/boxes';
import {
  CHOSEN_ACLS,
  callbackOf,
  callbackProblem,
  headerProblem,
  metadataProblem,
  nameOfValue,
  parseMetadata,
  parseTags,
  tagsProblem,
  trafficLimitBits,
  trafficLimitProblem,
} from './objectOptionsModel';
import type { NamedValue } from './objectOptionsModel';

const DEFAULT = l10n.t('Default of the bucket');

/** What was chosen so far, as typed; '' is OSS's default. */
const EMPTY = {
  storageClass: '' as '' | NonNullable<ObjectOptions['storageClass']>,
  acl: '' as '' | (typeof CHOSEN_ACLS)[number],
  encryption: '' as '' | 'AES256' | 'KMS' | 'SM4',
  keyId: '',
  contentType: '',
  cacheControl: '',
  contentDisposition: '',
  metadata: '',
  tags: '',
  trafficLimit: '',
  callback: '',
};

type Draft = Readonly<typeof EMPTY>;
type TextField = Exclude<keyof Draft, 'storageClass' | 'acl' | 'encryption'>;

/** Asks one thing; undefined leads back to the list with nothing changed. */
type Edit = () => Promise<Draft | undefined>;

/**
 * The options of "Upload to OSS Location...": Enter uploads with OSS's defaults, every other row
 * changes one thing. Undefined when the user left.
 */
export async function askObjectOptions(destination: string): Promise<ObjectOptions | undefined> {
  let draft: Draft = EMPTY;
  for (;;) {
    const upload: Edit = () => Promise.resolve(undefined);
    const chosen = await pick(
      l10n.t('Upload to OSS'),
      l10n.t('Upload to {place}, or choose options first', { place: destination }),
      [
        { label: `$(cloud-upload) ${l10n.t('Upload')}`, description: destination, value: upload },
        ...rowsOf(draft),
      ],
    );
    if (chosen === undefined) return undefined;
    if (chosen === upload) return optionsOf(draft);
    draft = (await chosen()) ?? draft;
  }
}

function rowsOf(draft: Draft): readonly Choice<Edit>[] {
  const row = (icon: string, label: string, current: string, value: Edit): Choice<Edit> => ({
    label: `$(${icon}) ${label}`,
    description: current === '' ? l10n.t('default') : current,
    value,
  });
  const oneOf = <F extends 'storageClass' | 'acl'>(
    icon: string,
    label: string,
    field: F,
    values: readonly Draft[F][],
  ): Choice<Edit> =>
    row(icon, label, namedText(draft[field]), async () => {
      const chosen = await askOneOf(label, draft[field], values.map(namedChoice));
      return chosen === undefined ? undefined : { ...draft, [field]: chosen };
    });
  const text = (
    icon: string,
    label: string,
    field: TextField,
    prompt: string,
    problem: (text: string) => Rule | undefined,
  ): Choice<Edit> =>
    row(icon, label, draft[field], () => editText(draft, field, label, prompt, problem));
  const pairs = l10n.t('Pairs such as project=web; owner=me');
  return [
    oneOf('database', l10n.t('Storage class'), 'storageClass', ['', ...STORAGE_CLASSES]),
    oneOf('lock', l10n.t('Access (ACL)'), 'acl', ['', ...CHOSEN_ACLS]),
    row('shield', l10n.t('Server-side encryption'), draft.encryption, () => askEncryption(draft)),
    text(
      'file-code',
      l10n.t('Content type'),
      'contentType',
      l10n.t('Content type; empty: by the extension'),
      headerProblem,
    ),
    text(
      'history',
      l10n.t('Cache control'),
      'cacheControl',
      l10n.t('Cache-Control, such as max-age=3600'),
      headerProblem,
    ),
    text(
      'desktop-download',
      l10n.t('Content disposition'),
      'contentDisposition',
      l10n.t('Content-Disposition, such as attachment'),
      headerProblem,
    ),
    text('json', l10n.t('Metadata'), 'metadata', pairs, metadataProblem),
    text('tag', l10n.t('Tags'), 'tags', pairs, tagsProblem),
    text(
      'dashboard',
      l10n.t('Speed limit of each part (KiB/s)'),
      'trafficLimit',
      l10n.t('100 to 102400; empty: no limit'),
      trafficLimitProblem,
    ),
    text(
      'plug',
      l10n.t('Callback'),
      'callback',
      l10n.t('URL that OSS calls when the object is stored'),
      callbackProblem,
    ),
  ];
}

async function askEncryption(before: Draft): Promise<Draft | undefined> {
  const title = l10n.t('Server-side encryption');
  const encryption = await askOneOf(
    title,
    before.encryption,
    (['', 'AES256', 'KMS', 'SM4'] as const).map((value) => ({ label: value || DEFAULT, value })),
  );
  if (encryption === undefined) return undefined;
  const draft: Draft = { ...before, encryption, keyId: '' };
  if (encryption !== 'KMS') return draft;
  const prompt = l10n.t('Id of the KMS key; empty: the default key');
  return editText(draft, 'keyId', title, prompt, headerProblem);
}

function namedChoice<T extends NamedValue | ''>(value: T): Choice<T> {
  return value === '' ? { label: DEFAULT, value } : { ...nameOfValue(value, l10n), value };
}

/** A value as its row shows it once it is chosen, such as `Infrequent Access (IA)`. */
function namedText(value: NamedValue | ''): string {
  if (value === '') return '';
  const { label, description } = nameOfValue(value, l10n);
  return description === '' ? label : `${label} (${description})`;
}

async function askOneOf<T extends string>(
  title: string,
  current: T,
  choices: readonly Choice<T>[],
): Promise<T | undefined> {
  const answer = await askPick({
    place: alone(title, true),
    placeholder: title,
    choices,
    active: (value) => value === current,
  });
  return answer.kind === 'value' ? answer.value : undefined;
}

async function editText(
  draft: Draft,
  field: TextField,
  title: string,
  prompt: string,
  problem: (text: string) => Rule | undefined,
): Promise<Draft | undefined> {
  const place = alone(title, true);
  const answer = await askText({ place, prompt, value: draft[field], problem });
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
