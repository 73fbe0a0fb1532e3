/** An OSS for the extension under test, which finds the key for it as it would on a user's machine. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { BucketOptions, OssServer } from '../oss-server/server';
import { startOssServer } from '../oss-server/server';
import { theExtension } from './extension';

/** The bucket that the settings name. */
export const BUCKET = 'agent-bucket';
const KEY = { accessKeyId: 'LTAI5tAgentTestKey000001', accessKeySecret: 'agentSecret' };

/** A running server with one bucket, to whose folder `docs` the settings send uploads. */
export class OssFixture {
  private constructor(
    /** A folder outside of the workspace. */
    readonly dir: string,
    readonly server: OssServer,
  ) {}

  static async begin(bucket: Partial<BucketOptions> = {}): Promise<OssFixture> {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-agent-'));
    const server = await startOssServer({
      dir: path.join(dir, 'oss'),
      buckets: [{ name: BUCKET, region: 'cn-hangzhou', ...bucket }],
      credentials: [{ ...KEY }],
    });
    const fixture = new OssFixture(dir, server);
    // The extension runs in this very process, and finds the key where a user's shell has it.
    process.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = KEY.accessKeyId;
    process.env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'] = KEY.accessKeySecret;
    const { endpoint } = server;
    await fixture.set({ endpoint, bucket: BUCKET, region: 'cn-hangzhou', prefix: 'docs' });
    await theExtension().activate();
    return fixture;
  }

  async end(): Promise<void> {
    const names = ['endpoint', 'bucket', 'region', 'prefix', 'ifExists'];
    await this.set(Object.fromEntries(names.map((name) => [name, undefined])));
    delete process.env['ALIBABA_CLOUD_ACCESS_KEY_ID'];
    delete process.env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'];
    await this.server.close();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  get workspace(): string {
    return vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  }

  /** Writes settings of the user. */
  async set(values: Readonly<Record<string, string | undefined>>): Promise<void> {
    const configuration = vscode.workspace.getConfiguration('ossUpload');
    for (const [name, value] of Object.entries(values)) {
      await configuration.update(name, value, vscode.ConfigurationTarget.Global);
    }
  }

  /** Writes a file of the workspace. */
  write(name: string, text: string): vscode.Uri {
    const file = path.join(this.workspace, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return vscode.Uri.file(file);
  }

  keys(): string[] {
    return this.server.keys(BUCKET);
  }

  async textOf(key: string): Promise<string | undefined> {
    return (await this.server.object(BUCKET, key)?.bytes())?.toString();
  }
}

/** Waits for a call, and meanwhile presses Enter in whatever box is shown. */
export async function answering<T>(call: PromiseLike<T>): Promise<T> {
  const over = new AbortController();
  const end = (): void => {
    over.abort();
  };
  void call.then(end, end);
  while (!over.signal.aborted) {
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return call;
}
