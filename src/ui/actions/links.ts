import * as vscode from 'vscode';
import type { OssAccount } from '../../account';
import type { Logger } from '../../engine/index';
import { copyText } from '../editor/clipboard';
import { l10n, words } from '../editor/editorWords';
import { copiedText, onePerBucket, privateText } from './linksModel';
import { plainText } from '../text/plainText';
import type { UploadedObject } from '../settings/lastUpload';
import type { Settings } from '../settings/settings';
import { ossPath } from '../text/transferFacts';

const PROBE_MS = 5000;

/** Puts addresses of uploaded objects on the clipboard. */
export class Links {
  constructor(
    private readonly account: OssAccount,
    private readonly settings: Settings,
    private readonly log: Logger,
    /** Asks how long a signed URL is to be good for, in seconds, and at most so many. */
    private readonly askLifetime: (longestSeconds: number) => Promise<number | undefined>,
  ) {}

  /** Address of each object, one a line; under the own domain where one is set. */
  async copyUrls(transfers: readonly UploadedObject[]): Promise<void> {
    const urls = await Promise.all(transfers.map((transfer) => this.urlOf(transfer)));
    await copyText(urls.join('\n'), copiedText('url', urls.length, words));
  }

  /** Says so when the addresses of these objects open for their owner only. */
  async warnIfPrivate(transfers: readonly UploadedObject[]): Promise<void> {
    const looks = await Promise.all(
      onePerBucket(transfers).map(async (transfer) => ({
        transfer,
        isPrivate: await this.isPrivate(await this.urlOf(transfer)),
      })),
    );
    const found = looks.filter(({ isPrivate }) => isPrivate).map(({ transfer }) => transfer);
    if (found.length === 0) return;
    const signed = transfers.length === 1 ? l10n.t('Copy Signed URL') : l10n.t('Copy Signed URLs');
    const chosen = await vscode.window.showInformationMessage(
      plainText(privateText(transfers, found, words)),
      signed,
    );
    if (chosen === signed) await this.copySignedUrls(transfers);
  }

  /** The same with a signature, for a lifetime that is asked for. */
  async copySignedUrls(transfers: readonly UploadedObject[]): Promise<void> {
    const profiles = new Set(transfers.map(({ target }) => target.profile));
    const limits = [...profiles].map((profile) => this.account.longestLinkSeconds(profile));
    const seconds = await this.askLifetime(Math.min(...(await Promise.all(limits))));
    if (seconds === undefined) return;
    const urls = await Promise.all(
      transfers.map(({ target }) => this.account.signedUrl(target, seconds)),
    );
    await copyText(urls.join('\n'), copiedText('signedUrl', urls.length, words));
  }

  /** `oss://bucket/key` of each, one a line. */
  async copyOssPaths(transfers: readonly UploadedObject[]): Promise<void> {
    const paths = transfers.map((transfer) => ossPath(transfer.target));
    await copyText(paths.join('\n'), copiedText('ossPath', paths.length, words));
  }

  /** Address of the object of one transfer. */
  urlOf(transfer: UploadedObject): Promise<string> {
    const { urlBase } = this.settings.forResource(vscode.Uri.file(transfer.filePath));
    return this.account.objectUrl(transfer.target, urlBase);
  }

  /** Whatever goes wrong here says nothing about the object. */
  private async isPrivate(url: string): Promise<boolean> {
    try {
      return await this.account.isPrivate(url, { signal: AbortSignal.timeout(PROBE_MS) });
    } catch (error) {
      this.log.debug(`link not checked: ${String(error)}`);
      return false;
    }
  }
}
