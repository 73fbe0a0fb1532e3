import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { claimHome, releaseHome } from '../../../scripts/startHome';

describe('the folder of npm start', () => {
  let box: string;
  let home: string;
  let other: ChildProcess;
  let server: net.Server;

  beforeEach(async () => {
    box = fs.mkdtempSync(path.join(os.tmpdir(), 'start-home-'));
    home = path.join(box, 'start');
    other = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], {
      stdio: 'ignore',
    });
    await once(other, 'spawn');
    server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    fs.mkdirSync(home);
    write('pid', other.pid);
    write('oss.port', (server.address() as net.AddressInfo).port);
    write('objects', 'of the user');
  });

  afterEach(() => {
    other.kill();
    server.close();
    fs.rmSync(box, { recursive: true, force: true, maxRetries: 5 });
  });

  const write = (name: string, content: unknown): void => {
    fs.writeFileSync(path.join(home, name), String(content));
  };
  const read = (name: string): string => fs.readFileSync(path.join(home, name), 'utf8');
  /** The other one did not begin just now. */
  const age = (): void => {
    fs.utimesSync(path.join(home, 'pid'), 1, 1);
  };

  it('stays as it is while another one runs, also with --reset', async () => {
    age();
    for (const shouldReset of [true, false]) {
      await assert.rejects(claimHome(home, { shouldReset }), /runs already, as process \d+/);
      releaseHome(home);
      assert.equal(read('pid'), String(other.pid));
      assert.equal(read('objects'), 'of the user');
    }
  });

  it('belongs to one that has just begun and has no port yet', async () => {
    server.close();
    await once(server, 'close');
    await assert.rejects(claimHome(home, { shouldReset: true }), /runs already/);
    assert.equal(read('objects'), 'of the user');
  });

  it('is taken from a program that only has the number of one that crashed', async () => {
    age();
    server.close();
    await once(server, 'close');
    await claimHome(home, { shouldReset: false });
    assert.equal(read('pid'), String(process.pid));
    assert.equal(read('objects'), 'of the user');
    releaseHome(home);
    assert.deepEqual(fs.readdirSync(home).sort(), ['objects', 'oss.port']);
  });

  it('is emptied by --reset when nobody has it', async () => {
    other.kill();
    await once(other, 'exit');
    await claimHome(home, { shouldReset: true });
    assert.deepEqual(fs.readdirSync(home), ['pid']);
    assert.deepEqual(fs.readdirSync(box), ['start']);
  });

  it('goes to one of two that begin together', async () => {
    fs.rmSync(home, { recursive: true });
    const program = path.join(__dirname, 'claimHome.ts');
    const two = [1, 2].map(() => spawn(process.execPath, ['--import', 'tsx', program, home]));
    const outcomes = two.map((one) =>
      Promise.race([
        once(one.stdout, 'data').then((said) => String(said).trim()),
        once(one, 'exit').then(([code]) => `exit ${String(code)}`),
      ]),
    );
    try {
      assert.deepEqual((await Promise.all(outcomes)).sort(), ['exit 7', 'mine']);
    } finally {
      for (const one of two) one.kill('SIGKILL');
    }
  });
});
