// The API behind the sign-in: a list of models and streamed answers, for whoever shows a live access token of this issuer.
import { readBody, sendApiError, sendJson } from './http_message.mjs';

// The same text as the loopback provider's, so that one assertion fits both.
const kStory = 'Once upon a time a small program asked a question and the answer came back word by word at last.';
const kModels = ['coder-model', 'vision-model'];

async function isSignedIn(engine, request) {
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  return token !== undefined && (await engine.AccessToken.find(token)) !== undefined;
}

const chunk = (model, delta, finishReason = null) => ({
  id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1700000000, model, choices: [{ index: 0, delta, finish_reason: finishReason }],
});

function sendStream(response, model) {
  const events = [
    chunk(model, { role: 'assistant', content: '' }),
    ...kStory.split(/(?= )/).map((word) => chunk(model, { content: word })),
    chunk(model, {}, 'stop'),
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
  response.end('data: [DONE]\n\n');
}

function sendWhole(response, model) {
  sendJson(response, 200, {
    id: 'chatcmpl-1', object: 'chat.completion', created: 1700000000, model,
    choices: [{ index: 0, message: { role: 'assistant', content: kStory }, finish_reason: 'stop' }],
  });
}

async function chat(request, response, log) {
  log.counts.chats += 1;
  let body;
  try {
    body = JSON.parse(await readBody(request));
  } catch {
    return sendApiError(response, 400, 'bad_request', 'the body is not JSON');
  }
  if (typeof body.model !== 'string' || !Array.isArray(body.messages)) {
    return sendApiError(response, 400, 'bad_request', 'model and messages are required');
  }
  return body.stream ? sendStream(response, body.model) : sendWhole(response, body.model);
}

/** Serves every path below /v1. */
export async function serveApi(engine, log, request, response) {
  if (!await isSignedIn(engine, request)) {
    return sendApiError(response, 401, 'invalid_api_key', 'invalid access token or token expired', { 'www-authenticate': 'Bearer error="invalid_token"' });
  }
  if (request.method === 'GET' && request.url === '/v1/models') {
    return sendJson(response, 200, {
      object: 'list', data: kModels.map((id) => ({ id, object: 'model', created: 1700000000, owned_by: 'loopback' })),
    });
  }
  if (request.method === 'POST' && request.url === '/v1/chat/completions') return chat(request, response, log);
  return sendApiError(response, 404, 'unknown_url', `unknown path ${request.url}`);
}
