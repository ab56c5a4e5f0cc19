// The authorization server of the tests: an issuer like Qwen's on a certified engine, and the API that its tokens open. Loopback only.
//
// Prints one line of JSON with its address when it is ready, and ends when its standard input does: no test can leave it behind.
import { once } from 'node:events';
import * as http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { serveApi } from './chat_api.mjs';
import { serveControl } from './control.mjs';
import { DeviceFlow } from './device_flow.mjs';
import { makeEngine } from './engine.mjs';
import { sendJson } from './http_message.mjs';
import { kDialects, kRoutes } from './qwen_issuer.mjs';
import { RequestLog } from './request_log.mjs';

const kUsage = `usage: start BUILD_DIRECTORY [OPTION...]

  --port N            0, the default: any free port
  --dialect NAME      rfc8628 (default), or qwen: the answers of chat.qwen.ai where they differ
  --interval S        seconds between polls (default 1)
  --code-lifetime S   seconds a device code lives (default 600)
  --token-lifetime S  seconds an access token lives (default 3600)
  --token-delay MS    milliseconds before the token endpoint looks at a request (default 0)
  --resource-url URL  what the token answer names; empty: nothing (default: the API of this server)
`;

const { values: option } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
    dialect: { type: 'string', default: 'rfc8628' },
    interval: { type: 'string', default: '1' },
    'code-lifetime': { type: 'string', default: '600' },
    'token-lifetime': { type: 'string', default: '3600' },
    'token-delay': { type: 'string', default: '0' },
    'resource-url': { type: 'string' },
  },
});
if (option.help || !(option.dialect in kDialects)) {
  process.stderr.write(kUsage);
  process.exit(option.help ? 0 : 2);
}
// The engine's advice for production would stand between the lines that tests read.
console.info = () => {};
console.warn = () => {};

const log = new RequestLog();
const settings = {
  tokenDelay: Number(option['token-delay']),
  heldCalls: 0,
  lostAnswers: 0,
  lifetimes: { accessToken: Number(option['token-lifetime']), refreshToken: 30 * 86400, deviceCode: Number(option['code-lifetime']) },
};
let engine; // made when the port is known, because an issuer has to know its own URL
let serveIssuer;

/** What stands between a client and a token endpoint: a queue, a caller that has gone, a line that breaks. See control.mjs. */
async function reachesIssuer(request, response) {
  log.counts.token_calls += 1;
  if (settings.heldCalls > 0) {
    settings.heldCalls -= 1;
    await once(request.socket, 'close');
  }
  await sleep(settings.tokenDelay);
  // What nobody waits for any more is thrown away, so no token is used up by a caller that was killed.
  if (request.socket.destroyed) {
    log.counts.abandoned += 1;
    return false;
  }
  if (settings.lostAnswers > 0) {
    settings.lostAnswers -= 1;
    response.end = () => request.socket.destroy();
  }
  return true;
}

async function serve(request, response) {
  if (request.url.startsWith('/__control/')) return serveControl(engine, log, settings, request, response);
  request.logEntry = log.add(request);
  if (request.url.startsWith('/v1/')) return serveApi(engine, log, request, response);
  if (request.url === kRoutes.token && !await reachesIssuer(request, response)) return undefined;
  return serveIssuer(request, response);
}

const server = http.createServer((request, response) => {
  serve(request, response).catch((error) => {
    console.error(error);
    if (!response.headersSent) sendJson(response, 500, { error: 'server_error' });
  });
});
server.listen(Number(option.port), '127.0.0.1', () => {
  const { port } = server.address();
  const baseUrl = `http://127.0.0.1:${port}`;
  engine = makeEngine(baseUrl, settings.lifetimes);
  engine.on('server_error', (_context, error) => console.error(error));
  new DeviceFlow(
    { dialect: kDialects[option.dialect], interval: Number(option.interval), resourceUrl: option['resource-url'] ?? `${baseUrl}/v1` },
    log,
  ).addTo(engine);
  serveIssuer = engine.callback();
  process.stdout.write(`${JSON.stringify({ ready: true, port, base_url: baseUrl })}\n`);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
