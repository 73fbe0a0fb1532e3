import { compareContent, findExisting, isAbortError } from '../../../engine/index';
import type { ExistingObject, Logger, OpenStore, UploadRequest } from '../../../engine/index';
import {
  isCareful,
  objectOf,
  renameAll,
  answeredBySettings,
  withOverwrite,
  withSettings,
} from './conflictsModel';
import type { ConflictAnswer, IfExistsOf } from './conflictsModel';
import { CountedProgress } from './countedProgress';
import { l10n, language } from '../../editor/editorWords';
import { formatBytes, formatCount, formatDate } from '../../text/format';
import { numberedKey } from '../../text/keyNames';
import { withLateProgress } from '../../editor/lateProgress';
import { askPick, pick } from '../../editor/boxes';
import type { Choice } from '../../editor/boxes';
import { fileName } from '../../text/transferFacts';

/** What is sent, and the files that need not be, because OSS has their very bytes. */
export interface ResolvedConflicts {
  readonly requests: readonly UploadRequest[];
  readonly unchanged: readonly UploadRequest[];
}

type BatchAnswer = ConflictAnswer | 'skipIdentical' | 'each' | 'cancel';

/** Asks once per batch what becomes of objects that already exist. */
export class Conflicts {
  constructor(
    private readonly openStore: OpenStore,
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
  ): Promise<ResolvedConflicts> {
    const toRename = requests.filter((request) => answers.get(objectOf(request)) === 'rename');
    const renamed = await renameAll(toRename, requests, (tried) => this.taken(tried));
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

  private async taken(requests: readonly UploadRequest[]): Promise<readonly UploadRequest[]> {
    const existing = await this.find(requests, false, new AbortController().signal);
    return existing.map((object) => object.request);
  }

  /** Undefined when the user cancelled the search. */
  private async search<Request extends UploadRequest>(
    requests: readonly Request[],
    isCompared: boolean,
  ): Promise<readonly ExistingObject<Request>[] | undefined> {
    const [first] = requests;
    if (first === undefined) return [];
    const message =
      requests.length === 1
        ? l10n.t('Checking {name}…', { name: fileName(first.filePath) })
        : l10n.t('Checking {n} files…', { n: formatCount(requests.length, language) });
    return withLateProgress(message, (report, signal) => {
      const progress = new CountedProgress(report, message);
      return this.find(requests, isCompared, signal, progress.onProgress);
    });
  }

  /**
   * What cannot be looked at counts as not existing: OSS itself refuses to replace an object, and
   * whatever is wrong (permission, network) is told by the upload, which can be resumed. Not so when
   * only what differs is to be sent: then all of it would be.
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
    let isComparable = true;
    while (open.length > 0) {
      const answer = await askBatch(open, requests.length, isComparable);
      if (answer === 'cancel') return undefined;
      if (answer === 'each') return askEach(open, answers);
      if (answer !== 'skipIdentical') {
        for (const object of open) answers.set(objectOf(object.request), answer);
        return answers;
      }
      const identical = await this.findIdentical(open);
      // Cancelled while comparing: the same question again, nothing was decided.
      if (identical === undefined) continue;
      for (const object of identical) answers.set(objectOf(object.request), 'unchanged');
      open = open.filter((object) => !identical.has(object));
      isComparable = false;
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

/** The one question for the whole batch. */
async function askBatch(
  existing: readonly ExistingObject[],
  total: number,
  isComparable: boolean,
): Promise<BatchAnswer> {
  const [first] = existing;
  if (first === undefined) return 'cancel';
  const sameSize = isComparable ? existing.filter(hasSameSize).length : 0;
  const isOne = existing.length === 1;
  const answer = await pick<BatchAnswer>(
    isOne
      ? l10n.t('{key} already exists', { key: first.request.target.key })
      : l10n.t('{n} of {total} already exist', { n: existing.length, total }),
    isOne ? askOne() : l10n.t('Choose what to do with them'),
    [
      ...choicesFor(existing),
      ...(sameSize === 0 ? [] : [identicalChoice(sameSize, isOne)]),
      ...(isOne
        ? []
        : [{ label: `$(list-selection) ${l10n.t('Choose one by one')}`, value: 'each' } as const]),
      { label: `$(close) ${l10n.t('Cancel')}`, value: 'cancel' },
    ],
  );
  return answer ?? 'cancel';
}

async function askEach(
  existing: readonly ExistingObject[],
  before: ReadonlyMap<string, ConflictAnswer>,
): Promise<ReadonlyMap<string, ConflictAnswer> | undefined> {
  const answers = new Map(before);
  let at = 0;
  for (;;) {
    const object = existing[at];
    if (object === undefined) return answers;
    const answer = await askPick<ConflictAnswer>({
      place: {
        title: l10n.t('{key} already exists', { key: object.request.target.key }),
        step: at + 1,
        totalSteps: existing.length,
        canGoBack: at > 0,
      },
      placeholder: askOne(),
      choices: choicesFor([object]),
    });
    if (answer.kind === 'cancel' || answer.kind === 'button') return undefined;
    if (answer.kind === 'back') {
      at--;
    } else {
      answers.set(objectOf(object.request), answer.value);
      at++;
    }
  }
}

function askOne(): string {
  return l10n.t('Choose what to do with it');
}

/** Each answer says what would be in OSS after it. */
function choicesFor(existing: readonly ExistingObject[]): readonly Choice<ConflictAnswer>[] {
  const n = existing.length;
  const only = n === 1 ? existing[0] : undefined;
  const local = sizeAndDate(
    existing.map(({ local: { sizeBytes, mtimeNs } }) => [sizeBytes, Number(mtimeNs) / 1e6]),
  );
  const remote = sizeAndDate(existing.map(({ info }) => [info.sizeBytes, info.lastModifiedMs]));
  const name = only && fileName(numberedKey(only.request.target.key, 1));
  return [
    {
      label: `$(replace) ${only ? l10n.t('Overwrite') : l10n.t('Overwrite {n}', { n })}`,
      description: only
        ? l10n.t('local: {size}, {date}', local)
        : l10n.t('local: {size}, newest {date}', local),
      value: 'overwrite',
    },
    {
      label: `$(debug-step-over) ${only ? l10n.t('Skip') : l10n.t('Skip {n}', { n })}`,
      description: only
        ? l10n.t('in OSS: {size}, {date}', remote)
        : l10n.t('in OSS: {size}, newest {date}', remote),
      value: 'skip',
    },
    name === undefined
      ? {
          label: `$(files) ${l10n.t('Keep both')}`,
          description: l10n.t('upload as name-1'),
          value: 'rename',
        }
      : { label: `$(files) ${l10n.t('Keep both as {name}', { name })}`, value: 'rename' },
  ];
}

function identicalChoice(n: number, isOne: boolean): Choice<'skipIdentical'> {
  return {
    label: `$(check-all) ${isOne ? l10n.t('Skip if identical') : l10n.t('Skip identical')}`,
    description: l10n.t('{n} of the same size; compares checksums', { n }),
    value: 'skipIdentical',
  };
}

/** The sizes together, and the latest of the dates that are known. */
function sizeAndDate(all: readonly (readonly [sizeBytes: number, timeMs: number | undefined])[]): {
  size: string;
  date: string;
} {
  const times = all.map(([, timeMs]) => timeMs).filter((timeMs) => timeMs !== undefined);
  return {
    size: formatBytes(
      all.reduce((sum, [sizeBytes]) => sum + sizeBytes, 0),
      language,
    ),
    date: times.length === 0 ? '?' : formatDate(Math.max(...times), language),
  };
}

function hasSameSize(object: ExistingObject): boolean {
  return object.info.sizeBytes === object.local.sizeBytes;
}
