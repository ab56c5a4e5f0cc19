// What reached the server, for tests to look at. Secrets are kept as hashes only, so that a log may be shown and searched for leaks.
import { createHash } from 'node:crypto';

const kSecretFields = new Set(['device_code', 'code_verifier', 'refresh_token', 'token']);
const kSecretHeaders = new Set(['authorization', 'cookie']);
const kMostEntries = 2000;

const fingerprint = (secret) => `sha256:${createHash('sha256').update(secret).digest('hex').slice(0, 16)}`;
const withoutSecrets = (object, secretNames) => Object.fromEntries(
  Object.entries(object).map(([name, value]) => [name, secretNames.has(name) ? fingerprint(value) : value]),
);

const noCounts = () => ({
  requests: 0,
  device_calls: 0,
  token_calls: 0, // polls and refreshes, when they arrive
  refresh_calls: 0, // those that were served
  refresh_replays: 0, // a refresh token that was used a second time
  slow_downs: 0,
  revocations: 0,
  chats: 0,
  abandoned: 0, // callers that were gone when their turn came
});

export class RequestLog {
  counts = noCounts();

  entries = [];

  /** Returns the entry, so that its form can be added once that has been read. */
  add(request) {
    this.counts.requests += 1;
    const entry = {
      at_ms: Math.floor(performance.now()), method: request.method, target: request.url, headers: withoutSecrets(request.headers, kSecretHeaders), body: '',
    };
    this.entries.push(entry);
    if (this.entries.length > kMostEntries) this.entries.shift();
    return entry;
  }

  static addForm(entry, form) {
    entry.body = new URLSearchParams(withoutSecrets(form, kSecretFields)).toString();
  }

  clear() {
    this.counts = noCounts();
    this.entries = [];
  }
}
