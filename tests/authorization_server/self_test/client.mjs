// A client of the server for its own tests: starts it, and speaks the device flow as plainly as fetch can.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { kClientId, kDeviceCodeGrant, kRoutes, kScope } from '../qwen_issuer.mjs';

const kMain = fileURLToPath(new URL('../main.mjs', import.meta.url));

/** A proof key (RFC 7636): the verifier and its S256 challenge. */
export function proofKey() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export class Server {
  static async start(...options) {
    const server = new Server();
    server.process = spawn(process.execPath, [...process.execArgv, kMain, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: server.process.stdout }), 'line');
    server.url = JSON.parse(line).base_url;
    return server;
  }

  /** Closes its standard input, which is how whoever started it says that it is over. Returns the exit code. */
  async stop() {
    this.process.stdin.end();
    const [code] = await once(this.process, 'exit');
    return code;
  }

  async #answer(response) {
    const text = await response.text();
    return { status: response.status, ...(text ? JSON.parse(text) : {}) };
  }

  async post(path, form) {
    return this.#answer(await fetch(this.url + path, { method: 'POST', body: new URLSearchParams(form) }));
  }

  async control(what) {
    return this.#answer(await fetch(`${this.url}/__control/${what}`));
  }

  authorizeDevice(key, changes = {}) {
    return this.post(kRoutes.device_authorization, {
      client_id: kClientId, scope: kScope, code_challenge: key.challenge, code_challenge_method: 'S256', ...changes,
    });
  }

  poll(device, key) {
    return this.post(kRoutes.token, {
      grant_type: kDeviceCodeGrant, client_id: kClientId, device_code: device.device_code, code_verifier: key.verifier,
    });
  }

  refresh(refreshToken) {
    return this.post(kRoutes.token, { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: kClientId });
  }

  revoke(token) {
    return this.post(kRoutes.revocation, { token, client_id: kClientId });
  }

  /** The tokens of a sign-in that was approved before it was asked about. */
  async signIn() {
    const key = proofKey();
    const device = await this.authorizeDevice(key);
    await this.control(`approve/${device.user_code}`);
    return this.poll(device, key);
  }

  models(accessToken) {
    return fetch(`${this.url}/v1/models`, { headers: { authorization: `Bearer ${accessToken}` } });
  }

  chat(accessToken, body) {
    return fetch(`${this.url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${accessToken}` }, body: JSON.stringify(body) });
  }
}
