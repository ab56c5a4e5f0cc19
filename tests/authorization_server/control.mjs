// How a test steers the server and reads what happened: GET /__control/..., answered with JSON.
//
//   log                     {"requests": [{at_ms, method, target, headers, body}]}, secrets hashed
//   stats                   counters, see request_log.mjs
//   reset                   empties log and counters
//   approve/USER_CODE       decides a sign-in without a browser; without a code: every one that waits
//   deny/USER_CODE
//   expire-code/USER_CODE   the device code is past its time
//   expire                  access tokens issued so far stop working, refresh tokens stay good
//   revoke                  refresh tokens stop working as well
//   delay/MILLISECONDS      the token endpoint takes so long before it looks at a request; who has hung up by then is not served
//   hold/TIMES              the next token calls wait until their callers hang up
//   lose/TIMES              the next token calls are served, and their answers never arrive
//   lifetime/SECONDS        of access tokens issued from now on
import { kClientId } from './qwen_issuer.mjs';
import { sendJson } from './http_message.mjs';
import { storedModels } from './storage.mjs';

const now = () => Math.floor(Date.now() / 1000);
const normalized = (userCode) => userCode.replace(/\W/g, '').toUpperCase();

async function approve(engine, code) {
  const accountId = 'alice';
  const grant = new engine.Grant({ accountId, clientId: kClientId });
  grant.addOIDCScope(code.params.scope);
  Object.assign(code, { accountId, grantId: await grant.save(), scope: code.params.scope, authTime: now() });
  await code.save();
}

async function deny(_engine, code) {
  Object.assign(code, { error: 'access_denied', errorDescription: 'the person said no' });
  await code.save();
}

async function expireCode(_engine, code) {
  storedModels('DeviceCode').get(code.jti).exp = now() - 1;
}

/** False where no such sign-in waits. */
async function decide(engine, decision, userCode) {
  const waiting = [...storedModels('DeviceCode').values()].filter((payload) => !payload.accountId && !payload.error).map((payload) => payload.userCode);
  const chosen = userCode ? waiting.filter((code) => code === normalized(userCode)) : waiting;
  for (const code of chosen) {
    await decision(engine, await engine.DeviceCode.findByUserCode(code, { ignoreExpiration: true }));
  }
  return chosen.length > 0;
}

/** `settings`: tokenDelay in milliseconds, heldCalls, lostAnswers, and lifetimes.accessToken in seconds are set here. */
export async function serveControl(engine, log, settings, request, response) {
  const [what, value = ''] = request.url.slice('/__control/'.length).split('/').map(decodeURIComponent);
  const decisions = { approve, deny, 'expire-code': expireCode };
  if (what in decisions) {
    const found = await decide(engine, decisions[what], value);
    return found ? sendJson(response, 200, {}) : sendJson(response, 404, { error: 'no such sign-in waits' });
  }
  switch (what) {
    case 'log': return sendJson(response, 200, { requests: log.entries });
    case 'stats': return sendJson(response, 200, log.counts);
    case 'reset': log.clear(); break;
    case 'revoke': storedModels('RefreshToken').clear(); // and, like any revocation, the access tokens
    // falls through
    case 'expire': storedModels('AccessToken').clear(); break;
    case 'delay': settings.tokenDelay = Number(value); break;
    case 'hold': settings.heldCalls = Number(value); break;
    case 'lose': settings.lostAnswers = Number(value); break;
    case 'lifetime': settings.lifetimes.accessToken = Number(value); break;
    default: return sendJson(response, 404, { error: 'no such control' });
  }
  return sendJson(response, 200, {});
}
