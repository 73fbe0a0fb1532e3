/** What several failures have in common: their cause, and what helps against it. */
import type { TransferSnapshot } from '../../engine/index';
import { asMessageAction } from './buttons';
import type { MessageAction } from './buttons';
import { failureOf } from './failures';
import { needsDecision } from './transferFacts';
import type { Words } from './words';

/** The cause of all failures of credentials, which is told for all of a profile at once. */
export const CREDENTIALS = 'credentials';

/** Transfers that one answer of the user helps. */
export interface Cause {
  /** At least one. */
  readonly transfers: TransferSnapshot[];
  /** In a few words. */
  readonly short: string;
  /** What helps, the likeliest first. */
  readonly remedies: readonly MessageAction[];
}

/** Buttons that change nothing about a failure, or lose what is there. */
const NO_REMEDIES: ReadonlySet<MessageAction['kind']> = new Set([
  'discard',
  'skip',
  'showUploads',
  'showLog',
  'openHelp',
  'copyErrorDetails',
]);

/** What helps a transfer that waits for a decision, the likeliest first; nothing for any other. */
export function remediesOf(transfer: TransferSnapshot, words: Words): readonly MessageAction[] {
  if (!needsDecision(transfer)) return [];
  return failureOf(transfer.error, transfer, words)
    .actions.map(asMessageAction)
    .filter(({ kind }) => !NO_REMEDIES.has(kind));
}

/** The causes of those that wait for a decision, in the order in which they come. */
export function causesOf(transfers: readonly TransferSnapshot[], words: Words): Cause[] {
  const causes = new Map<string, Cause>();
  for (const transfer of transfers) {
    if (!needsDecision(transfer)) continue;
    const key = causeOf(transfer, words);
    const known = causes.get(key);
    if (known !== undefined) known.transfers.push(transfer);
    else {
      const { short } = failureOf(transfer.error, transfer, words);
      causes.set(key, { transfers: [transfer], short, remedies: remediesOf(transfer, words) });
    }
  }
  return [...causes.values()];
}

/** Failures with the same key have the same remedy, so that one button helps all of them. */
export function causeOf(transfer: TransferSnapshot, words: Words): string {
  const { id, error, target } = transfer;
  const failure = failureOf(error, transfer, words);
  switch (failure.scope) {
    case 'file':
      return id;
    case 'bucket':
      return `${failure.id} ${target.bucket} ${target.profile}`;
    case 'credentials':
      return CREDENTIALS;
    case 'argument':
      return `${failure.id} ${error?.field ?? ''}`;
    case 'everything':
      return failure.id;
  }
}
