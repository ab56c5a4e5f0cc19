// What a sign-in is worth afterwards: rotation, detection of reuse, revocation, expiry, and the API that the tokens open.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { kClientId, kRoutes } from '../qwen_issuer.mjs';
import { Server } from './client.mjs';

const isAlive = async (server, token) => (await server.models(token)).status === 200;

describe('tokens', () => {
  let server;
  before(async () => { server = await Server.start('--interval', '0'); });
  beforeEach(() => server.control('reset'));
  after(() => server.stop());

  test('a refresh token is replaced by the call that uses it', async () => {
    const first = await server.signIn();
    const second = await server.refresh(first.refresh_token);
    assert.equal(second.status, 200);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.equal(second.resource_url, `${server.url}/v1`);
    assert.ok(await isAlive(server, second.access_token));
    const { token_calls: calls, refresh_calls: refreshes, refresh_replays: replays } = await server.control('stats');
    assert.deepEqual([calls, refreshes, replays], [2, 1, 0]);
  });

  test('a refresh token used twice ends the sign-in for everybody', async () => {
    const first = await server.signIn();
    const second = await server.refresh(first.refresh_token);
    assert.equal((await server.refresh(first.refresh_token)).error, 'invalid_grant');
    assert.equal((await server.control('stats')).refresh_replays, 1);
    assert.equal((await server.refresh(second.refresh_token)).error, 'invalid_grant');
    assert.ok(!await isAlive(server, second.access_token));
  });

  test('of two refreshes at once one wins, and what it won is dead', async () => {
    const first = await server.signIn();
    const both = await Promise.all([server.refresh(first.refresh_token), server.refresh(first.refresh_token)]);
    assert.deepEqual(both.map((answer) => answer.status).sort(), [200, 400]);
    const winner = both.find((answer) => answer.status === 200);
    assert.equal((await server.refresh(winner.refresh_token)).error, 'invalid_grant');
    assert.equal((await server.control('stats')).refresh_replays, 1);
  });

  test('revocation ends access and renewal', async () => {
    const tokens = await server.signIn();
    assert.equal((await server.revoke(tokens.refresh_token)).status, 200);
    assert.ok(!await isAlive(server, tokens.access_token));
    assert.equal((await server.refresh(tokens.refresh_token)).error, 'invalid_grant');
    const { revocations, refresh_replays: replays } = await server.control('stats');
    assert.deepEqual([revocations, replays], [1, 0]);
  });

  test('a test can end access alone, or renewal as well', async () => {
    const tokens = await server.signIn();
    await server.control('expire');
    assert.ok(!await isAlive(server, tokens.access_token));
    const renewed = await server.refresh(tokens.refresh_token);
    assert.ok(await isAlive(server, renewed.access_token));
    await server.control('revoke');
    assert.ok(!await isAlive(server, renewed.access_token));
    assert.equal((await server.refresh(renewed.refresh_token)).error, 'invalid_grant');
  });

  test('a token is refused once its lifetime is over', async (t) => {
    t.after(() => server.control('lifetime/3600'));
    await server.control('lifetime/1');
    const tokens = await server.signIn();
    assert.equal(tokens.expires_in, 1);
    while (await isAlive(server, tokens.access_token)) await sleep(50);
    assert.equal((await server.refresh(tokens.refresh_token)).status, 200);
  });

  test('the API is for live tokens of this issuer, and streams its answer', async () => {
    const { access_token: token } = await server.signIn();
    const request = { model: 'coder-model', stream: true, messages: [{ role: 'user', content: 'tell me a story' }] };
    const answer = await server.chat(token, request);
    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    const events = (await answer.text()).split('\n\n').filter(Boolean).map((event) => event.replace(/^data: /, ''));
    assert.equal(events.pop(), '[DONE]');
    const text = events.map((event) => JSON.parse(event).choices[0].delta.content ?? '').join('');
    assert.match(text, /^Once upon a time .* at last\.$/);
    const whole = await (await server.chat(token, { ...request, stream: false })).json();
    assert.equal(whole.choices[0].message.content, text);

    const refused = await server.chat('sk-somebody-else', request);
    assert.equal(refused.status, 401);
    assert.equal((await refused.json()).error.code, 'invalid_api_key');
    assert.equal((await server.chat(token, {})).status, 400);
  });

  test('the log names every request and repeats no secret', async () => {
    const tokens = await server.signIn();
    await server.refresh(tokens.refresh_token);
    await server.models(tokens.access_token);
    const { requests } = await server.control('log');
    assert.deepEqual(requests.map((entry) => entry.target), [
      '/api/v1/oauth2/device/code', '/api/v1/oauth2/token', '/api/v1/oauth2/token', '/v1/models',
    ]);
    assert.match(requests[2].body, /^grant_type=refresh_token&refresh_token=sha256/);
    const text = JSON.stringify(requests);
    assert.ok(!text.includes(tokens.access_token) && !text.includes(tokens.refresh_token));
  });

  test('a caller that hung up while it waited uses no token up', async () => {
    const tokens = await server.signIn();
    const stats = () => server.control('stats');
    for (const wait of ['delay/1000', 'hold/1']) {
      await server.control('reset');
      await server.control(wait);
      const patience = new AbortController();
      const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: kClientId });
      const call = assert.rejects(fetch(server.url + kRoutes.token, { method: 'POST', body: form, signal: patience.signal }));
      while ((await stats()).token_calls === 0) await sleep(10);
      patience.abort();
      await call;
      while ((await stats()).abandoned === 0) await sleep(10);
    }
    await server.control('delay/0');
    assert.equal((await server.refresh(tokens.refresh_token)).status, 200);
    assert.equal((await stats()).refresh_replays, 0);
  });

  test('a call whose answer is lost was served all the same', async () => {
    const tokens = await server.signIn();
    await server.control('lose/1');
    await assert.rejects(server.refresh(tokens.refresh_token));
    assert.equal((await server.refresh(tokens.refresh_token)).error, 'invalid_grant');
    assert.equal((await server.control('stats')).refresh_replays, 1);
  });

  test('it ends when its standard input does', async () => {
    const other = await Server.start();
    assert.equal(await other.stop(), 0);
  });
});
