// Reading a body to its end and answering with JSON.

const kMostBody = 8 << 20;

/** The whole body as text; throws beyond 8 MiB. */
export async function readBody(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > kMostBody) throw new Error('the body is larger than 8 MiB');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

export function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}

/** An error in the form of the chat completions API. */
export function sendApiError(response, status, code, message, headers = {}) {
  sendJson(response, status, { error: { message, type: 'invalid_request_error', code } }, headers);
}
