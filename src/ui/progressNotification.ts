import type { Disposable, Transfers } from '../engine/index';

/** The one notification for all running transfers of this window. */
export class ProgressNotification implements Disposable {
  constructor(private readonly transfers: Transfers) {}
  dispose(): void {
    void this.transfers;
  }
}
