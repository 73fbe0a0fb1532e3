import * as vscode from 'vscode';
import type {
  Disposable,
  Logger,
  SettledBatch,
  TransferList,
  TransferNotice,
  Transfers,
} from '../../engine/index';
import {
  announce,
  announceCredentials,
  credentialStops,
  isWorthTelling,
  uploadedText,
} from './completionModel';
import type { Announcement } from './completionModel';
import { words } from '../editor/editorWords';
import { describeNotice, isNoticeShown } from '../text/notices';
import type { LastUpload } from '../settings/lastUpload';
import type { Settings } from '../settings/settings';
import type { ProgressNotification } from './progressNotification';
import { UploadedStatus } from './uploadedStatus';
import type { TransferActions } from '../actions/transferActions';
import { ownIn } from '../text/transferFacts';

/** What settles within this time is told in one message. */
const GATHER_MS = 400;

/** Says what became of the uploads: one message for each batch or cause, never one for each file. */
export class Completion implements Disposable {
  private readonly subscription: Disposable;
  private readonly status = new UploadedStatus();
  private readonly settled: SettledBatch[] = [];
  /** Notices to show, by batch and kind: those of the same key in one message. */
  private readonly notices = new Map<string, TransferNotice[]>();
  /** Keys of notices that were shown, so that none is repeated. */
  private readonly toldNotices = new Set<string>();
  /** Profiles whose failing credentials were told, until their transfers move again. */
  private readonly toldProfiles = new Set<string>();
  private gathering: NodeJS.Timeout | undefined;

  constructor(
    private readonly transfers: Transfers,
    private readonly actions: TransferActions,
    private readonly settings: Settings,
    private readonly last: LastUpload,
    private readonly progress: Pick<ProgressNotification, 'wasShown'>,
    /** How many files were left out of a batch because they exist, by its id, until it is told. */
    private readonly skipped: Map<string, number>,
    /** The same of files that were left out because OSS has their bytes. */
    private readonly unchanged: Map<string, number>,
    private readonly log: Logger,
  ) {
    this.subscription = vscode.Disposable.from(
      this.status,
      transfers.onDidChange(() => {
        this.forgetProfiles();
      }),
      transfers.onDidSettle((settled) => {
        this.takeSettled(settled);
      }),
      transfers.onNotice((notice) => {
        this.take(notice);
      }),
    );
  }

  dispose(): void {
    clearTimeout(this.gathering);
    this.subscription.dispose();
  }

  /** Forgets the profiles of which no transfer is stopped any more. */
  private forgetProfiles(): void {
    if (this.toldProfiles.size === 0) return;
    const stops = credentialStops(ownIn(this.transfers.snapshot(), ['paused', 'failed']));
    for (const profile of this.toldProfiles) {
      if (!stops.has(profile)) this.toldProfiles.delete(profile);
    }
  }

  private takeSettled(settled: SettledBatch): void {
    this.settled.push(settled);
    // A batch that is started again may say again what happens to it.
    for (const key of this.toldNotices) {
      if (key.startsWith(`${settled.batch.id} `)) this.toldNotices.delete(key);
    }
    this.gather();
  }

  private take(notice: TransferNotice): void {
    this.log.info(`notice ${notice.kind} ${notice.filePath} ${notice.detail ?? ''}`.trimEnd());
    if (!isNoticeShown(notice.kind)) return;
    // A folder that cannot be written concerns all uploads of the window alike.
    const scope = notice.kind === 'notResumable' ? '' : this.batchOf(notice);
    const key = `${scope} ${notice.kind}`;
    if (this.toldNotices.has(key)) return;
    this.notices.set(key, [...(this.notices.get(key) ?? []), notice]);
    this.gather();
  }

  private gather(): void {
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      this.tell();
    }, GATHER_MS);
  }

  private tell(): void {
    for (const [key, notices] of this.notices) {
      this.toldNotices.add(key);
      const [first] = notices;
      if (first === undefined) continue;
      const message = describeNotice(first, notices.length, words);
      void this.actions.attempt(this.actions.show(message, []));
    }
    this.notices.clear();
    const settled = this.settled.splice(0);
    const unchanged = settled.reduce(
      (sum, { batch }) => sum + (this.unchanged.get(batch.id) ?? 0),
      0,
    );
    const isTold = isWorthTelling(this.settings.forWindow().completionMessage, {
      isFirst: this.last.isFirst,
      wasProgressShown: this.progress.wasShown(settled.map(({ batch }) => batch.id)),
      isWindowFocused: vscode.window.state.focused,
      hasUnchanged: unchanged > 0,
    });
    void this.actions.attempt(this.tellUploaded(settled.map(({ ended }) => ended)));
    const skippedOf = (batchId: string): number => this.skipped.get(batchId) ?? 0;
    for (const announcement of announce(settled, skippedOf, words, unchanged)) {
      if (announcement.isSuccess !== true || isTold) this.say(announcement);
    }
    for (const { batch } of settled) {
      this.skipped.delete(batch.id);
      this.unchanged.delete(batch.id);
    }
    this.tellCredentials(settled);
  }

  /** In the status bar, which is always seen and in nobody's way. */
  private async tellUploaded(ended: readonly TransferList[]): Promise<void> {
    const text = uploadedText(ended, words);
    if (text === undefined) return;
    // First, so that its URL is there for whoever reads this and reloads the window at once.
    try {
      await this.last.remember(ended);
    } finally {
      this.status.show(text);
    }
  }

  private say(announcement: Announcement): void {
    void this.actions.attempt(this.show(announcement));
  }

  private async show({ message, about, isSuccess }: Announcement): Promise<void> {
    const action = await this.actions.show(message, isSuccess === true ? about : about());
    if (action?.kind === 'dontShowAgain') {
      await this.settings.saveForUser({ completionMessage: 'never' });
    }
  }

  private tellCredentials(settled: readonly SettledBatch[]): void {
    const stops = credentialStops(ownIn(this.transfers.snapshot(), ['paused', 'failed']));
    // Those that stopped now, not those that were left behind by an earlier window.
    const concerned = credentialStops(
      settled.flatMap(({ ended }) => ended.select(['paused', 'failed'])),
    );
    for (const profile of concerned.keys()) {
      const stopped = stops.get(profile);
      if (this.toldProfiles.has(profile) || stopped === undefined) continue;
      const announcement = announceCredentials(stopped, words);
      if (announcement === undefined) continue;
      this.toldProfiles.add(profile);
      this.say(announcement);
    }
  }

  private batchOf({ transferId }: TransferNotice): string {
    const { batches } = this.transfers.snapshot();
    return batches.find(({ files }) => files.get(transferId) !== undefined)?.id ?? transferId;
  }
}
