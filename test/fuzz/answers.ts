/**
 * Plays answers that no server should give: every operation, with status, headers and body by
 * chance, carried out or not. Whatever is answered, nothing false may be believed. The seed makes
 * every run again.
 */
import type { OperationName } from '../oss-server/operationNames.ts';
import { seededRandom } from '../support/random.ts';
import { Place } from './place.ts';
import { QUESTIONS, playQuestion } from './questions.ts';
import type { Question } from './questions.ts';
import { UPLOAD_OPERATIONS, playUpload } from './uploads.ts';

/** No operation may take longer, with the limits of the adapter and all tries. */
const BOUND_MS = 30_000;
/** Runs at the same time, each with a server of its own. More of them would measure one another. */
const LANES = 4;

/** What became of the uploads in which an operation was answered so. */
export interface UploadRow {
  runs: number;
  completed: number;
  waiting: number;
  discarded: number;
}

/** What became of a question that was answered so. */
export interface QuestionRow {
  runs: number;
  answered: number;
  refused: number;
}

/** What a campaign counted. All but the rows should be 0. */
export interface FuzzResult {
  readonly seed: number;
  runs: number;
  readonly uploads: Map<OperationName, UploadRow>;
  readonly questions: Map<Question, QuestionRow>;
  falseCompletions: number;
  foreignUploadsTouched: number;
  partsLeftUnsaid: number;
  falseAnswers: number;
  throws: number;
  overBound: number;
  /** What a failed run was, with its number; to be played again by `--only`. */
  readonly findings: string[];
}

/** Plays so many runs, or only that one of them; each is an upload, and a question beside it. */
export async function fuzzAnswers(
  runs: number,
  seed: number,
  options: {
    readonly only?: number | undefined;
    readonly onRun?: (runs: number) => void;
    /** Begins no more runs. */
    readonly signal?: AbortSignal;
  } = {},
): Promise<FuzzResult> {
  const uploadRow = (): UploadRow => ({ runs: 0, completed: 0, waiting: 0, discarded: 0 });
  const questionRow = (): QuestionRow => ({ runs: 0, answered: 0, refused: 0 });
  const result: FuzzResult = {
    seed,
    runs: 0,
    uploads: new Map(UPLOAD_OPERATIONS.map((name) => [name, uploadRow()])),
    questions: new Map(QUESTIONS.map((name) => [name, questionRow()])),
    falseCompletions: 0,
    foreignUploadsTouched: 0,
    partsLeftUnsaid: 0,
    falseAnswers: 0,
    throws: 0,
    overBound: 0,
    findings: [],
  };
  let thrown: string | undefined;
  const onThrow = (error: unknown): void => {
    thrown ??= error instanceof Error ? error.stack : JSON.stringify(error);
  };
  process.on('unhandledRejection', onThrow);
  let next = options.only ?? 1;
  const last = options.only ?? runs;
  const bounded = async (number: number, play: () => Promise<void>): Promise<void> => {
    const startedMs = performance.now();
    await play();
    const tookMs = performance.now() - startedMs;
    if (tookMs > BOUND_MS) {
      result.overBound++;
      result.findings.push(`run ${number}: took ${Math.round(tookMs)} ms`);
    }
    if (thrown === undefined) return;
    result.throws++;
    result.findings.push(`run ${number} or one beside it threw: ${thrown}`);
    thrown = undefined;
  };
  const lane = async (): Promise<void> => {
    const place = await Place.open();
    try {
      for (let number = next++; number <= last; number = next++) {
        if (options.signal?.aborted === true) break;
        const random = seededRandom(seed * 1_000_003 + number);
        await bounded(number, () => playUpload(place, number, random, result));
        const another = seededRandom(seed * 2_000_003 + number);
        await bounded(number, () => playQuestion(place, number, another, result));
        options.onRun?.(++result.runs);
      }
    } finally {
      await place.close();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(LANES, last - next + 1) }, lane));
  } finally {
    process.off('unhandledRejection', onThrow);
  }
  return result;
}
