import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { WAITING_STATES } from '../../engine/index';
import type { BatchSnapshot, Disposable, TransferSnapshot, Transfers } from '../../engine/index';
import { words } from '../editor/editorWords';
import type { Message } from '../text/messages';
import { isBrief, progressOf, stoppedText } from './progressModel';
import type { ProgressState } from './progressModel';
import { activeBatches, idsOf, ownIn } from '../text/transferFacts';
import type { ToastPace } from '../editor/toastPace';
import type { TransferActions } from '../actions/transferActions';

/** Small files are usually there before this has passed; then no notification opens at all. */
const BRIEF_DELAY_MS = 1000;
/** A stop that has not ended by then is told all the same. */
const STOP_PATIENCE_MS = 300;
/** The countdown of a waiting upload moves although no snapshot changes. */
const TICK_MS = 1000;

/**
 * The one notification for all running transfers of this window. It opens with the first of them
 * and closes with the last; its Cancel pauses.
 */
export class ProgressNotification implements Disposable {
  private readonly subscription: Disposable;
  private delay: NodeJS.Timeout | undefined;
  /** Closes the notification that is open. */
  private close: (() => void) | undefined;
  /** Cancel was pressed and the engine has not stopped yet: what still runs opens nothing new. */
  private isStopping = false;
  /** Batches that were seen running, until their end is told. */
  private readonly seen = new Set<string>();

  constructor(
    private readonly transfers: Transfers,
    private readonly actions: TransferActions,
    private readonly pace: ToastPace,
  ) {
    this.subscription = transfers.onDidChange(() => {
      this.update();
    });
    this.update();
  }

  dispose(): void {
    this.subscription.dispose();
    clearTimeout(this.delay);
    this.close?.();
  }

  /** Whether any of these batches was seen running here. To be asked once, at their end. */
  wasShown(batchIds: readonly string[]): boolean {
    return batchIds.filter((id) => this.seen.delete(id)).length > 0;
  }

  private update(): void {
    if (this.isStopping) return;
    const snapshot = this.transfers.snapshot();
    if (activeBatches(snapshot).length === 0) {
      clearTimeout(this.delay);
      this.delay = undefined;
      this.close?.();
      return;
    }
    if (this.close !== undefined) return;
    if (!isBrief(snapshot)) {
      clearTimeout(this.delay);
      this.delay = undefined;
      this.open();
    } else {
      this.delay ??= setTimeout(() => {
        this.delay = undefined;
        this.open();
      }, BRIEF_DELAY_MS);
    }
  }

  private open(): void {
    const closed = new Promise<void>((resolve) => {
      this.close = () => {
        this.close = undefined;
        resolve();
      };
    });
    void this.pace.turn();
    void vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        // No title: the message names the place, which may change.
        cancellable: true,
      },
      async (progress, token) => {
        let shown: ProgressState = { percent: 0, message: '' };
        const render = (): void => {
          const snapshot = this.transfers.snapshot();
          const active = activeBatches(snapshot);
          if (active.length === 0) return;
          for (const { id } of active) this.seen.add(id);
          const next = progressOf(snapshot, shown.percent, Date.now(), words);
          if (next.percent === shown.percent && next.message === shown.message) return;
          // The editor adds increments up, so only the difference may be told. Without any, the
          // bar runs to and fro, which is right as long as nothing is known.
          const increment = next.percent - shown.percent;
          progress.report(
            increment > 0 ? { message: next.message, increment } : { message: next.message },
          );
          shown = next;
        };
        const subscription = this.transfers.onDidChange(render);
        const tick = setInterval(render, TICK_MS);
        const cancellation = token.onCancellationRequested(() => {
          this.isStopping = true;
          this.close?.();
          void this.actions.attempt(this.stop());
        });
        try {
          render();
          await closed;
        } finally {
          cancellation.dispose();
          clearInterval(tick);
          subscription.dispose();
        }
      },
    );
  }

  /** Cancel: stops all of them, keeps all of it, and says what can be done now. */
  private async stop(): Promise<void> {
    const stopping = new Set(activeBatches(this.transfers.snapshot()).map(({ id }) => id));
    // What stood still before is none of it.
    const before = new Set(idsOf(ownIn(this.transfers.snapshot(), WAITING_STATES)));
    const pausing = this.actions.attempt(
      this.transfers.pause([...stopping]).finally(() => {
        this.isStopping = false;
        this.update();
      }),
    );
    // The requests end at once. That a busy disk still writes the last checkpoint is no reason to
    // leave the user without a word.
    await Promise.race([pausing, sleep(STOP_PATIENCE_MS)]);
    const stoppedOf = ({ id, files }: BatchSnapshot): readonly TransferSnapshot[] =>
      stopping.has(id) ? files.select(WAITING_STATES).filter((one) => !before.has(one.id)) : [];
    const batches = this.transfers
      .snapshot()
      .batches.filter((batch) => stoppedOf(batch).length > 0);
    // What was complete before the stop reached it is told by its own message.
    if (batches.length === 0) return;
    await this.actions.show(stoppedMessage(batches), () => batches.flatMap(stoppedOf));
  }
}

/** Its last button lies where Cancel was: a second click must do no harm. */
function stoppedMessage(batches: readonly BatchSnapshot[]): Message {
  return {
    text: stoppedText(batches, words),
    severity: 'information',
    actions: [{ kind: 'resume' }, { kind: 'discard' }, { kind: 'showUploads' }],
  };
}
