/** The one table of notices: what happens to an upload that goes on. */
import type { TransferNotice } from '../../engine/index';
import { counted, nameInSentence } from './format';
import type { Message } from './messages';
import { fileName } from './transferFacts';
import { withFacts } from './words';
import type { OneOrMany, Words } from './words';

interface Notice {
  readonly texts: OneOrMany;
  /** `information` where nothing is said. */
  readonly severity?: Message['severity'];
  readonly actions?: Message['actions'];
  /** It is worth a line in the log, and no toast. */
  readonly isQuiet?: boolean;
}

const SHOW_LOG: Notice['actions'] = [{ kind: 'showLog' }];

const NOTICES: Readonly<Record<TransferNotice['kind'], Notice>> = {
  sourceChanged: {
    texts: [
      (l10n) => l10n.t('{name} changed; starting again.'),
      (l10n) => l10n.t('{n} files changed; starting them again.'),
    ],
  },
  uploadExpired: {
    texts: [
      (l10n) => l10n.t('The unfinished parts of {name} were removed from OSS; starting again.'),
      (l10n) =>
        l10n.t('The unfinished parts of {n} files were removed from OSS; starting them again.'),
    ],
  },
  checkpointDamaged: {
    texts: [
      (l10n) => l10n.t('The saved progress of {name} is damaged; starting again.'),
      (l10n) => l10n.t('The saved progress of {n} files is damaged; starting them again.'),
    ],
  },
  recordDamaged: {
    texts: [
      (l10n) =>
        l10n.t(
          'The record of an unfinished upload is damaged: {name}. Upload its files again. What is left of them in OSS is removed by the command Clean Up Unfinished Uploads in Bucket.',
        ),
      (l10n) =>
        l10n.t(
          '{n} records of unfinished uploads are damaged. Upload their files again. What is left of them in OSS is removed by the command Clean Up Unfinished Uploads in Bucket.',
        ),
    ],
    severity: 'warning',
    actions: SHOW_LOG,
  },
  recordIncomplete: {
    texts: [
      (l10n) =>
        l10n.t(
          'The record of the unfinished upload {name} is damaged in some places: files that are named there alone do not go on. Upload it again; what OSS has already can be skipped.',
        ),
      (l10n) =>
        l10n.t(
          'The records of {n} unfinished uploads are damaged in some places: files that are named there alone do not go on. Upload them again; what OSS has already can be skipped.',
        ),
    ],
    severity: 'warning',
    actions: SHOW_LOG,
  },
  optionsChanged: {
    texts: [
      (l10n) => l10n.t('{name} has other upload options than before; starting again.'),
      (l10n) => l10n.t('{n} files have other upload options than before; starting them again.'),
    ],
  },
  notResumable: {
    // It concerns all uploads of the window alike.
    texts: [notResumableText, notResumableText],
    severity: 'warning',
    actions: SHOW_LOG,
  },
  partSizeRaised: {
    texts: [
      (l10n) => l10n.t('{name} needs more than 10,000 parts; larger parts are used.'),
      (l10n) => l10n.t('{n} files need more than 10,000 parts; larger parts are used.'),
    ],
    isQuiet: true,
  },
  partSizeKept: {
    texts: [
      (l10n) => l10n.t('{name} was begun with another part size, which is kept.'),
      (l10n) => l10n.t('{n} files were begun with another part size, which is kept.'),
    ],
    isQuiet: true,
  },
  partsLeft: {
    texts: [
      (l10n) =>
        l10n.t(
          'Parts of {name} that are not needed any more could not be removed from OSS. Use the command Clean Up Unfinished Uploads in Bucket.',
        ),
      (l10n) =>
        l10n.t(
          'Parts of {n} files that are not needed any more could not be removed from OSS. Use the command Clean Up Unfinished Uploads in Bucket.',
        ),
    ],
    severity: 'warning',
    actions: SHOW_LOG,
  },
  notCompared: {
    texts: [
      (l10n) =>
        l10n.t(
          '{name} is uploaded, but nothing could be compared: the server sent no checksum, and the object may not be read.',
        ),
      (l10n) =>
        l10n.t(
          '{n} files are uploaded, but nothing could be compared: the server sent no checksums, and the objects may not be read.',
        ),
    ],
    severity: 'warning',
  },
  callbackFailed: {
    texts: [
      (l10n) => l10n.t('{name} is uploaded, but the callback of your application failed.'),
      (l10n) => l10n.t('{n} files are uploaded, but the callback of your application failed.'),
    ],
    severity: 'warning',
    actions: SHOW_LOG,
  },
  notVerified: {
    texts: [
      (l10n) =>
        l10n.t('{name} is uploaded, but the server sent no checksum: only the size was compared.'),
      (l10n) =>
        l10n.t(
          '{n} files are uploaded, but the server sent no checksums: only the sizes were compared.',
        ),
    ],
    severity: 'warning',
  },
};

/** The user's text for something that is not a failure; `count` files share it. */
export function describeNotice(
  { kind, filePath }: TransferNotice,
  count: number,
  words: Words,
): Message {
  const { texts, severity = 'information', actions = [] } = NOTICES[kind];
  const l10n = withFacts(words.l10n, {
    name: nameInSentence(fileName(filePath)),
  });
  return { text: counted(texts, count, { ...words, l10n }), severity, actions };
}

/** Whether a notice deserves a toast; the others are worth a line in the log only. */
export function isNoticeShown(kind: TransferNotice['kind']): boolean {
  return NOTICES[kind].isQuiet !== true;
}

function notResumableText(l10n: Words['l10n']): string {
  return l10n.t(
    'Progress cannot be saved: check free space and permissions of the disk. The upload goes on, but cannot be resumed after the editor closes.',
  );
}
