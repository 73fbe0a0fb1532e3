import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { SinkSettings, SinkStats } from './sink.mts';

const SINK_ADDRESS = '10.213.77.2';
const CLIENT_ADDRESS = '10.213.77.1';
/** Bytes on the wire for so many of payload, in a full packet of TCP over Ethernet. */
const WIRE_OVERHEAD = 1514 / 1448;

/**
 * A network namespace for the sink, whose only way in is a virtual cable that the kernel limits to a
 * bandwidth. Undefined where that is not allowed: then the sink limits itself.
 */
export class Cable {
  private constructor(
    readonly namespace: string,
    private readonly device: string,
  ) {}

  static open(): Cable | undefined {
    const cable = new Cable(`ossbench${process.pid}`, `ob${process.pid}`);
    try {
      removeLeftOvers();
      cable.run('ip', 'netns', 'add', cable.namespace);
      cable.run(
        'ip',
        'link',
        'add',
        cable.device,
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        cable.namespace,
      );
      cable.run('ip', 'addr', 'add', `${CLIENT_ADDRESS}/30`, 'dev', cable.device);
      cable.run('ip', 'link', 'set', cable.device, 'up');
      cable.run('ip', '-n', cable.namespace, 'addr', 'add', `${SINK_ADDRESS}/30`, 'dev', 'eth0');
      cable.run('ip', '-n', cable.namespace, 'link', 'set', 'eth0', 'up');
      cable.limit(1e9);
      return cable;
    } catch {
      cable.close();
      return undefined;
    }
  }

  /** So many bits of payload per second. */
  limit(bitsPerSecond: number): void {
    const rate = `${Math.round(bitsPerSecond * WIRE_OVERHEAD)}bit`;
    this.run(
      'tc',
      'qdisc',
      'replace',
      'dev',
      this.device,
      'root',
      'tbf',
      'rate',
      rate,
      'burst',
      '256kb',
      'latency',
      '50ms',
    );
  }

  close(): void {
    try {
      this.run('ip', 'netns', 'del', this.namespace);
    } catch {
      // It was never made.
    }
  }

  private run(command: string, ...args: string[]): void {
    execFileSync(command, args, { stdio: 'ignore' });
  }
}

/** Of benches that were killed: two cables with the same addresses lead nowhere. */
function removeLeftOvers(): void {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const [name, pid] of names.matchAll(/^ossbench(\d+)/gm)) {
    if (!existsSync(`/proc/${pid ?? ''}`)) execFileSync('ip', ['netns', 'del', name]);
  }
}

/** A running sink. */
export class Sink {
  private constructor(
    private readonly process: ChildProcess,
    readonly endpoint: string,
  ) {}

  static async start(isSecure: boolean, cable?: Cable): Promise<Sink> {
    const args = ['--import', 'tsx', path.join(__dirname, 'sink.mts')];
    if (isSecure) args.push('--https');
    if (cable !== undefined) args.push('--host', SINK_ADDRESS);
    const child =
      cable === undefined
        ? spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
        : spawn('ip', ['netns', 'exec', cable.namespace, process.execPath, ...args], {
            stdio: ['pipe', 'pipe', 'inherit'],
          });
    for await (const line of createInterface({ input: child.stdout })) {
      return new Sink(child, (JSON.parse(line) as { endpoint: string }).endpoint);
    }
    throw new Error('the sink did not start');
  }

  /** Forgets everything; with `isResumed` all but the uploads that are not complete. */
  async begin(settings: SinkSettings, isResumed = false): Promise<void> {
    await this.control(`begin${isResumed ? '?keep' : ''}`, JSON.stringify(settings));
  }

  async stats(): Promise<SinkStats> {
    return JSON.parse(await this.control('stats')) as SinkStats;
  }

  stop(): void {
    this.process.stdin?.end();
  }

  private async control(name: string, body?: string): Promise<string> {
    const curl = spawn('curl', [
      ...['--silent', '--insecure', '--fail'],
      ...(body === undefined ? [] : ['--data', body]),
      `${this.endpoint}/-/${name}`,
    ]);
    let answer = '';
    curl.stdout.on('data', (data: Buffer) => (answer += data.toString()));
    const code = await new Promise<number | null>((resolve) => curl.on('close', resolve));
    if (code !== 0) throw new Error(`the sink does not answer (curl ${code ?? ''})`);
    return answer;
  }
}
