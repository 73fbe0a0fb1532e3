/**
 * Loaded into the editor's server before its own code: answers `POST /mint-key`. The workbench in
 * a browser seals SecretStorage with the key it gets there; VS Code's server has no answer, so that
 * secrets would be lost with each reload. The key is made once and kept in the file that
 * `EDITOR_KEY_FILE` names.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

const KEY_BYTES = 32;

// Extension hosts are forked with this process's arguments, and must not load this file.
const own = process.execArgv.indexOf(__filename);
if (own > 0) process.execArgv.splice(own - 1, 2);

function serverKey(): Buffer {
  const file = process.env['EDITOR_KEY_FILE'];
  if (!file) return Buffer.alloc(KEY_BYTES, 7);
  try {
    fs.writeFileSync(file, randomBytes(KEY_BYTES), { flag: 'wx', mode: 0o600 });
  } catch {
    // It is there already.
  }
  return fs.readFileSync(file);
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with the server it belongs to, below
const emit = http.Server.prototype.emit;

http.Server.prototype.emit = function (this: http.Server, event: string, ...args: unknown[]) {
  const [request, response] = args;
  if (
    event === 'request' &&
    request instanceof http.IncomingMessage &&
    response instanceof http.ServerResponse &&
    request.method === 'POST' &&
    /\/mint-key(\?|$)/.test(request.url ?? '')
  ) {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(serverKey());
    return true;
  }
  return Reflect.apply(emit, this, [event, ...args]) as boolean;
};
