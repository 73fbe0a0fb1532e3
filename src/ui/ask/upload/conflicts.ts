import * as vscode from 'vscode';

import { UploadError, compareContent, findExisting, isAbortError } from '../../../engine/index';
import type { ExistingObject, Logger, OpenStore, UploadRequest } from '../../../engine/index';
import {
  isCareful,
  objectOf,
  renameAll,
  answeredBySettings,
  factsOf,
  withOverwrite,
  withSettings,
} from './conflictsModel';
import type { ConflictAnswer, IfExistsOf } from './conflictsModel';
import { CountedProgress } from './countedProgress';
import { l10n, language, words } from '../../editor/editorWords';
import { formatCount, nameInSentence } from '../../text/format';
import { numberedKey } from '../../text/keyNames';
import { withLateProgress } from '../../editor/lateProgress';
import { askPick, pick } from '../../editor/boxes';
import type { Choice } from '../../editor/boxes';
import type { TransferActions } from '../../actions/transferActions';
import { fileName } from '../../text/transferFacts';

/** What is sent, and the files that need not be, because OSS has their very bytes. */
export interface ResolvedConflicts {
  readonly requests: readonly UploadRequest[];
  readonly unchanged: readonly UploadRequest[];
}

type BatchAnswer = ConflictAnswer | 'skipIdentical' | 'each' | 'cancel';

/** An answer for one object, or for it and all after it. */
interface EachAnswer {
  readonly what: ConflictAnswer;
  readonly isForRest: boolean;
}

/** Asks once per batch what becomes of objects that already exist. */
export class Conflicts {
  constructor(
    private readonly openStore: OpenStore,
    private readonly actions: TransferActions,
    private readonly logger: Logger,
    private readonly checksumFolder: string,
  ) {}

  /**
   * The requests as they are sent, those to skip left out. Undefined when the user left: then
   * nothing is sent at all. Rejects when files are to be compared and OSS cannot be asked.
   */
  async resolve<Request extends UploadRequest>(
    requests: readonly Request[],
    ifExists: IfExistsOf<Request>,
  ): Promise<ResolvedConflicts | undefined> {
    const prepared = withSettings(requests, ifExists);
    const isCompared = requests.some((request) => ifExists(request) === 'skipIdentical');
    const existing = await this.search(prepared.filter(isCareful), isCompared);
    if (existing === undefined) return undefined;
    if (existing.length === 0) return { requests: prepared, unchanged: [] };
    const { answers, toCompare, open } = answeredBySettings(existing, ifExists);
    const identical = toCompare.length === 0 ? new Set() : await this.findIdentical(toCompare);
    if (identical === undefined) return undefined;
    const compared = toCompare.map(
      (object) =>
        [objectOf(object.request), identical.has(object) ? 'unchanged' : 'overwrite'] as const,
    );
    const asked = await this.ask(open, prepared);
    return asked && this.apply(prepared, new Map([...answers, ...compared, ...asked]));
  }

  private async apply(
    requests: readonly UploadRequest[],
    answers: ReadonlyMap<string, ConflictAnswer>,
  ): Promise<ResolvedConflicts | undefined> {
    const toRename = requests.filter((request) => answers.get(objectOf(request)) === 'rename');
    const renamed = await this.checking(toRename, (signal) =>
      renameAll(toRename, requests, (tried) => this.taken(tried, signal)),
    );
    if (renamed === undefined) return undefined;
    const byObject = new Map(toRename.map((request, at) => [objectOf(request), renamed[at]]));
    const unchanged: UploadRequest[] = [];
    const sent = requests.flatMap((request) => {
      const answer = answers.get(objectOf(request));
      if (answer === 'unchanged') unchanged.push(request);
      if (answer === 'skip' || answer === 'unchanged') return [];
      if (answer === 'rename') return [byObject.get(objectOf(request)) ?? request];
      return [answer === 'overwrite' ? withOverwrite(request, true) : request];
    });
    return { requests: sent, unchanged };
  }

  private async taken(
    requests: readonly UploadRequest[],
    signal: AbortSignal,
  ): Promise<readonly UploadRequest[]> {
    const existing = await this.find(requests, false, signal);
    return existing.map((object) => object.request);
  }

  /** Undefined when the user cancelled the search. */
  private async search<Request extends UploadRequest>(
    requests: readonly Request[],
    isCompared: boolean,
  ): Promise<readonly ExistingObject<Request>[] | undefined> {
    return this.actions.withDomain(requests, () =>
      this.checking(requests, (signal, onProgress) =>
        this.find(requests, isCompared, signal, onProgress),
      ),
    );
  }

  /** Shows that these files are looked at, when it takes long. Undefined when the user cancelled. */
  private async checking<T>(
    requests: readonly UploadRequest[],
    look: (signal: AbortSignal, onProgress: CountedProgress['onProgress']) => Promise<readonly T[]>,
  ): Promise<readonly T[] | undefined> {
    const [first] = requests;
    if (first === undefined) return [];
    const message =
      requests.length === 1
        ? l10n.t('Checking {name}…', { name: fileName(first.filePath) })
        : l10n.t('Checking {n} files…', { n: formatCount(requests.length, language) });
    return withLateProgress(message, (report, signal) =>
      look(signal, new CountedProgress(report, message).onProgress),
    );
  }

  /**
   * What cannot be looked at counts as not existing: OSS itself refuses to replace an object, and
   * whatever is wrong (permission, network) is told by the upload, which can be resumed. Rejects
   * where a domain has to be chosen first, because nothing can be uploaded without one either, and
   * where only what differs is to be sent: all of it would be.
   */
  private async find<Request extends UploadRequest>(
    requests: readonly Request[],
    isCompared: boolean,
    signal: AbortSignal,
    onProgress?: CountedProgress['onProgress'],
  ): Promise<readonly ExistingObject<Request>[]> {
    try {
      const { openStore, logger } = this;
      return await findExisting({ openStore, logger }, requests, signal, onProgress);
    } catch (error) {
      if (isCompared || isAbortError(error) || signal.aborted) throw error;
      if (UploadError.is(error) && error.isAboutDomain) throw error;
      this.logger.warn(`existing objects not looked for: ${String(error)}`);
      return [];
    }
  }

  private async ask(
    existing: readonly ExistingObject[],
    requests: readonly UploadRequest[],
  ): Promise<ReadonlyMap<string, ConflictAnswer> | undefined> {
    const answers = new Map<string, ConflictAnswer>();
    let open = existing;
    let identicalCount = 0;
    let isComparable = true;
    while (open.length > 0) {
      const answer = await askBatch(open, requests.length, identicalCount, isComparable);
      if (answer === 'cancel') return undefined;
      if (answer === undefined) {
        // Esc: a slip of the finger must not drop a folder.
        if (requests.length === 1 || (await confirmDropping(requests.length))) return undefined;
      } else if (answer === 'each') {
        const each = await askEach(open, requests.length);
        if (each === 'cancel') return undefined;
        if (each !== 'back') return new Map([...answers, ...each]);
      } else if (answer === 'skipIdentical') {
        const identical = await this.findIdentical(open);
        // Cancelled while comparing: the same question again, nothing was decided.
        if (identical === undefined) continue;
        for (const object of identical) answers.set(objectOf(object.request), 'unchanged');
        open = open.filter((object) => !identical.has(object));
        identicalCount = identical.size;
        isComparable = false;
      } else {
        for (const object of open) answers.set(objectOf(object.request), answer);
        return answers;
      }
    }
    return answers;
  }

  private async findIdentical(
    existing: readonly ExistingObject[],
  ): Promise<ReadonlySet<ExistingObject> | undefined> {
    const message = l10n.t('Comparing with OSS…');
    return withLateProgress(message, async (report, signal) => {
      const { openStore, logger, checksumFolder } = this;
      const compared = await compareContent(
        { openStore, logger, checksumFolder },
        existing,
        { isExact: false },
        signal,
        new CountedProgress(report, message).onProgress,
      );
      const identical = existing.filter((object) => compared.get(object)?.verdict === 'equal');
      logger.info(`compared ${existing.length} files with OSS, ${identical.length} are unchanged`);
      return new Set(identical);
    });
  }
}

/** The one question for the whole batch; undefined when the user left it with Esc. */
async function askBatch(
  existing: readonly ExistingObject[],
  total: number,
  identicalCount: number,
  isComparable: boolean,
): Promise<BatchAnswer | undefined> {
  const [first] = existing;
  if (first === undefined) return undefined;
  const sameSize = isComparable ? existing.filter(hasSameSize).length : 0;
  const isOne = existing.length === 1;
  const title = isOne
    ? existsTitle(first)
    : l10n.t('{n} of {total} already exist', {
        n: formatCount(existing.length, language),
        total: formatCount(total, language),
      });
  return pick<BatchAnswer>(
    identicalCount === 0
      ? title
      : l10n.t('{title} · {n} identical skipped', {
          title,
          n: formatCount(identicalCount, language),
        }),
    isOne ? askOne() : l10n.t('Choose what to do with them'),
    [
      ...(sameSize === 0 ? [] : [identicalChoice(sameSize, isOne)]),
      ...choicesFor(existing),
      ...(isOne
        ? []
        : [{ label: `$(list-selection) ${l10n.t('Choose one by one')}`, value: 'each' } as const]),
      { label: `$(close) ${l10n.t('Cancel')}`, value: 'cancel' },
    ],
  );
}

/** What was decided for each; `back` to the question for all of them. */
async function askEach(
  existing: readonly ExistingObject[],
  total: number,
): Promise<ReadonlyMap<string, ConflictAnswer> | 'back' | 'cancel'> {
  const answers = new Map<string, ConflictAnswer>();
  let at = 0;
  for (;;) {
    const object = existing[at];
    if (object === undefined) return answers;
    const rest = existing.slice(at);
    const answer = await askPick<EachAnswer>({
      place: {
        title: existsTitle(object),
        step: at + 1,
        totalSteps: existing.length,
        canGoBack: true,
      },
      placeholder: askOne(),
      choices: [
        ...choicesFor([object]).map((row) => ({ ...row, value: forOne(row.value) })),
        ...(rest.length === 1 ? [] : choicesForRest(rest)),
      ],
      active: ({ what, isForRest }) => !isForRest && what === answers.get(objectOf(object.request)),
    });
    if (answer.kind === 'back') {
      if (at === 0) return 'back';
      at--;
    } else if (answer.kind === 'value') {
      const { what, isForRest } = answer.value;
      const about = isForRest ? rest : [object];
      for (const { request } of about) answers.set(objectOf(request), what);
      at += about.length;
    } else if (await confirmDropping(total)) return 'cancel';
  }
}

/** Whether all of it is dropped. Esc here leads back to the question. */
async function confirmDropping(total: number): Promise<boolean> {
  const drop = l10n.t('Upload Nothing');
  const chosen = await vscode.window.showWarningMessage(
    l10n.t('Drop the whole upload?'),
    {
      modal: true,
      detail: l10n.t('None of the {n} files has been sent yet, nor would be.', {
        n: formatCount(total, language),
      }),
    },
    drop,
  );
  return chosen === drop;
}

function existsTitle({ request }: ExistingObject): string {
  return l10n.t('{key} already exists', { key: nameInSentence(request.target.key) });
}

function askOne(): string {
  return l10n.t('Choose what to do with it');
}

/** The first is what Enter takes, so none that replaces anything; each says what OSS has then. */
function choicesFor(existing: readonly ExistingObject[]): readonly Choice<ConflictAnswer>[] {
  const n = formatCount(existing.length, language);
  const only = existing.length === 1 ? existing[0] : undefined;
  const numbered = only && fileName(numberedKey(only.request.target.key, 1));
  const { verdict, line } = factsOf(existing, words);
  return [
    {
      label: `$(debug-step-over) ${only ? l10n.t('Skip') : l10n.t('Skip {n}', { n })}`,
      description: l10n.t('OSS keeps what it has'),
      value: 'skip',
    },
    {
      label: `$(files) ${l10n.t('Keep both')}`,
      description: l10n.t('upload under a free name, such as {name}', {
        name: nameInSentence(numbered ?? 'name-1'),
      }),
      value: 'rename',
    },
    {
      label: `$(replace) ${only ? l10n.t('Overwrite') : l10n.t('Overwrite {n}', { n })}`,
      description: verdict,
      detail: line,
      value: 'overwrite',
    },
  ];
}

/** The same answer for this object and all after it. */
function choicesForRest(rest: readonly ExistingObject[]): readonly Choice<EachAnswer>[] {
  const n = formatCount(rest.length, language);
  const row = (icon: string, label: string, what: ConflictAnswer): Choice<EachAnswer> => ({
    label: `$(${icon}) ${label}`,
    value: { what, isForRest: true },
  });
  return [
    row('debug-step-over', l10n.t('Skip this and the rest ({n})', { n }), 'skip'),
    row('files', l10n.t('Keep both for this and the rest ({n})', { n }), 'rename'),
    row('replace', l10n.t('Overwrite this and the rest ({n})', { n }), 'overwrite'),
  ];
}

function forOne(what: ConflictAnswer): EachAnswer {
  return { what, isForRest: false };
}

function identicalChoice(n: number, isOne: boolean): Choice<'skipIdentical'> {
  return {
    label: `$(check-all) ${isOne ? l10n.t('Skip if identical') : l10n.t('Skip identical')}`,
    description: l10n.t('{n} of the same size; compares checksums', { n }),
    value: 'skipIdentical',
  };
}

function hasSameSize(object: ExistingObject): boolean {
  return object.info.sizeBytes === object.local.sizeBytes;
}
