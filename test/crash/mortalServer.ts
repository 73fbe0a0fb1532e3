import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Fault } from '../oss-server/faults.ts';
import { readOperations } from '../oss-server/operationsLog.ts';
import type { OperationRecord } from '../oss-server/operationsLog.ts';
import type { Question, Reply, ServerCalls, ServerTask } from './server.ts';

/**
 * An OSS server in a process of its own, which can be killed at any time and started again: what it
 * had written is there, what it had not is lost, and its port is the same.
 */
export class MortalServer {
  private readonly open = new Map<
    number,
    { question: Question; resolve: (value: unknown) => void }
  >();
  private child: ChildProcess | undefined;
  private port = 0;
  private lastQuestion = 0;
  private faults: readonly Fault[] = [];

  private constructor(
    private readonly script: string,
    private readonly task: Omit<ServerTask, 'faults'>,
  ) {}

  /** Starts one; `script` is the bundle of `server.ts`. */
  static async start(
    script: string,
    folder: string,
    task: Pick<ServerTask, 'bucket' | 'credentials'>,
  ): Promise<MortalServer> {
    const operationsFile = path.join(folder, 'operations.jsonl');
    const dir = path.join(folder, 'server');
    const server = new MortalServer(script, { ...task, dir, operationsFile });
    await server.bringUp();
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What was asked and dealt with since {@link beginUpload}, by all processes. */
  get operations(): readonly OperationRecord[] {
    return readOperations(this.task.operationsFile ?? '');
  }

  /** Forgets what was asked, and meets requests with these faults, over all its lives. */
  async beginUpload(faults: readonly Fault[]): Promise<void> {
    await rm(this.task.operationsFile ?? '', { force: true });
    this.faults = faults;
    await this.ask('setFaults', faults);
  }

  /** Asks the process; what it dies over, the next one is asked. */
  ask<Name extends keyof ServerCalls>(
    call: Name,
    ...[argument]: Parameters<ServerCalls[Name]>
  ): ReturnType<ServerCalls[Name]> {
    const question: Question = { id: ++this.lastQuestion, call, argument };
    const answer = new Promise<unknown>((resolve) => {
      this.open.set(question.id, { question, resolve });
    });
    this.child?.send(question);
    return answer as ReturnType<ServerCalls[Name]>;
  }

  /** Lets the requests go on that are held; one that was waited for is not held any more. */
  async release(): Promise<void> {
    for (const [id, { question }] of this.open) {
      if (question.call === 'hold') this.open.delete(id);
    }
    await this.ask('release');
  }

  /** Kills the process, and starts another one that goes on with what it had written. */
  async killAndRestart(): Promise<void> {
    await this.kill();
    await this.bringUp();
  }

  async close(): Promise<void> {
    await this.kill();
  }

  private async bringUp(): Promise<void> {
    // Faults are counted from the first request of an upload, not of a process.
    const met = this.operations.length;
    const faults = this.faults.map(({ after = 0, ...fault }) => ({ ...fault, after: after - met }));
    const task: ServerTask = {
      ...this.task,
      port: this.port,
      faults: faults.filter(({ after, times = Infinity }) => after + times > 0),
    };
    const child = fork(this.script, [JSON.stringify(task)]);
    const started = new Promise<unknown>((resolve) => {
      child.on('message', ({ id, value }: Reply) => {
        if (id === 0) resolve(value);
        this.open.get(id)?.resolve(value);
        this.open.delete(id);
      });
    });
    const port = await Promise.race([started, once(child, 'exit')]);
    if (typeof port !== 'number') throw new Error('The OSS server did not start.');
    this.port = port;
    this.child = child;
    for (const { question } of this.open.values()) child.send(question);
  }

  private async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}
