import type { PartRecord } from '../record/checkpoint';
import { partAt } from '../file/partPlan';
import type { Part, PartPlan } from '../file/partPlan';
import type { ListedPart } from '../contract/ports';

/** What to do with each part of the plan. Every part number is in exactly one of the lists. */
export interface Reconciliation {
  /** On the server just as recorded. */
  readonly done: readonly PartRecord[];
  /** On the server in the right size, but not recorded: its checksum against the local bytes decides. */
  readonly toVerify: readonly { readonly part: Part; readonly listed: ListedPart }[];
  /** Missing on the server, or another than recorded. */
  readonly toSend: readonly Part[];
}

/**
 * Compares what we recorded with what ListParts tells. A part is kept only when number, size, ETag
 * and (where the server tells it) CRC-64 agree with the record; the last, shorter part is judged by
 * its own size. Numbers beyond the plan are left out: they are not named at the completion.
 */
export function reconcile(
  plan: PartPlan,
  recorded: ReadonlyMap<number, PartRecord>,
  listed: readonly ListedPart[],
): Reconciliation {
  const onServer = new Map(listed.map((part) => [part.partNumber, part]));
  const done: PartRecord[] = [];
  const toVerify: { part: Part; listed: ListedPart }[] = [];
  const toSend: Part[] = [];
  for (let partNumber = 1; partNumber <= plan.partCount; partNumber++) {
    const part = partAt(plan, partNumber);
    const found = onServer.get(partNumber);
    const record = recorded.get(partNumber);
    if (found?.sizeBytes !== part.sizeBytes) toSend.push(part);
    else if (record === undefined) toVerify.push({ part, listed: found });
    else if (agrees(record, found)) done.push(record);
    else toVerify.push({ part, listed: found });
  }
  return { done, toVerify, toSend };
}

function agrees(record: PartRecord, found: ListedPart): boolean {
  return (
    record.sizeBytes === found.sizeBytes &&
    sameEtag(record.etag, found.etag) &&
    (found.crc64 === undefined || found.crc64 === record.crc64)
  );
}

/** Whether two ETags are the same. They are kept as they came; quotes and case carry no meaning. */
export function sameEtag(left: string, right: string): boolean {
  return normalEtag(left) === normalEtag(right);
}

/** An ETag without what carries no meaning, to be compared or combined. */
export function normalEtag(etag: string): string {
  return etag.replaceAll('"', '').toUpperCase();
}

/** Whether an ETag looks like the MD5 that PutObject makes it of; that of parts ends in their number. */
export function isMd5(etag: string): boolean {
  return /^[0-9A-F]{32}$/.test(normalEtag(etag));
}
