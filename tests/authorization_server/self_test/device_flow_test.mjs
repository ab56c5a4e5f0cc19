// The device flow as RFC 8628 and Qwen's servers have it. None of these checks waits: the interval is 0 where pace is not the subject.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { proofKey, Server } from './client.mjs';

describe('the device flow', () => {
  let server;
  before(async () => { server = await Server.start('--interval', '0'); });
  after(() => server.stop());

  test('an approved sign-in gives tokens, the scope and the address of the API', async () => {
    const key = proofKey();
    const device = await server.authorizeDevice(key);
    assert.match(device.user_code, /^[B-Z]{4}-[B-Z]{4}$/);
    assert.equal(device.verification_uri, `${server.url}/authorize`);
    assert.equal(device.verification_uri_complete, `${server.url}/authorize?user_code=${device.user_code}`);
    assert.equal((await server.poll(device, key)).error, 'authorization_pending');
    await server.control(`approve/${device.user_code}`);
    const tokens = await server.poll(device, key);
    assert.equal(tokens.status, 200);
    assert.equal(tokens.token_type, 'Bearer');
    assert.equal(tokens.expires_in, 3600);
    assert.equal(tokens.scope, 'openid profile email model.completion');
    assert.equal(tokens.resource_url, `${server.url}/v1`);
    assert.ok(tokens.access_token && tokens.refresh_token && tokens.id_token);
  });

  test('a sign-in is redeemed once', async () => {
    const key = proofKey();
    const device = await server.authorizeDevice(key);
    await server.control(`approve/${device.user_code}`);
    assert.equal((await server.poll(device, key)).status, 200);
    assert.equal((await server.poll(device, key)).error, 'invalid_grant');
  });

  test('denial, expiry and an unknown code are told apart', async () => {
    const key = proofKey();
    const denied = await server.authorizeDevice(key);
    await server.control(`deny/${denied.user_code}`);
    assert.equal((await server.poll(denied, key)).error, 'access_denied');
    const expired = await server.authorizeDevice(key);
    await server.control(`expire-code/${expired.user_code}`);
    assert.equal((await server.poll(expired, key)).error, 'expired_token');
    assert.equal((await server.poll({ device_code: 'unknown' }, key)).error, 'invalid_grant');
  });

  test('without a S256 challenge there is no code', async () => {
    const key = proofKey();
    for (const changes of [{ code_challenge_method: '' }, { code_challenge_method: 'plain' }, { code_challenge: '' }, { code_challenge: 'short' }]) {
      assert.equal((await server.authorizeDevice(key, changes)).error, 'invalid_request');
    }
  });

  test('a code is worth nothing without its verifier', async () => {
    const key = proofKey();
    const device = await server.authorizeDevice(key);
    await server.control(`approve/${device.user_code}`);
    assert.equal((await server.poll(device, proofKey())).error, 'invalid_grant');
    assert.equal((await server.poll(device, { verifier: '' })).error, 'invalid_grant');
    assert.equal((await server.poll(device, key)).status, 200);
  });

  test('a stranger gets nothing', async () => {
    assert.equal((await server.authorizeDevice(proofKey(), { client_id: 'stranger' })).error, 'invalid_client');
  });

  test('whoever polls inside the interval is told to slow down', async (t) => {
    const slow = await Server.start('--interval', '60');
    t.after(() => slow.stop());
    const key = proofKey();
    const device = await slow.authorizeDevice(key);
    assert.equal(device.interval, 60);
    assert.equal((await slow.poll(device, key)).error, 'authorization_pending');
    const early = await slow.poll(device, key);
    assert.deepEqual([early.status, early.error], [400, 'slow_down']);
    assert.equal((await slow.control('stats')).slow_downs, 1);
  });

  test('in the dialect of Qwen the answers differ where its servers differ', async (t) => {
    const qwen = await Server.start('--dialect', 'qwen', '--interval', '60', '--resource-url', 'portal.qwen.ai');
    t.after(() => qwen.stop());
    const key = proofKey();
    const device = await qwen.authorizeDevice(key);
    assert.ok(!('interval' in device));
    assert.match(device.verification_uri_complete, /\?user_code=[A-Z-]+&client=qwen-code$/);
    await qwen.poll(device, key);
    const early = await qwen.poll(device, key);
    assert.deepEqual([early.status, early.error], [429, 'slow_down']);
    assert.equal((await qwen.poll({ device_code: 'unknown' }, key)).status, 401);
    const tokens = await qwen.signIn();
    assert.equal(tokens.resource_url, 'portal.qwen.ai');
    assert.ok(!('id_token' in tokens));
  });
});
