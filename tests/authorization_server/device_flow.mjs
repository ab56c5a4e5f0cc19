// What the engine lacks on the device flow: PKCE (RFC 7636), the pace of polling (RFC 8628 section 3.5), and Qwen's own fields.
//
// The engine drops code_challenge and code_verifier on this flow and never says `interval` or `slow_down`; a test of a client's PKCE or
// pace against it alone would prove nothing.
import { createHash, timingSafeEqual } from 'node:crypto';

import { readBody } from './http_message.mjs';
import { kDeviceCodeGrant, kRoutes } from './qwen_issuer.mjs';
import { RequestLog } from './request_log.mjs';

const kSlowDownSeconds = 5;
const kClockGrace = 50; // milliseconds: two timers never agree to the last one

function refuse(context, status, error, description) {
  context.status = status;
  context.set('cache-control', 'no-store');
  context.body = { error, error_description: description };
}

function isProof(verifier, challenge) {
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false;
  const digest = createHash('sha256').update(verifier).digest('base64url');
  return timingSafeEqual(Buffer.from(digest), Buffer.from(challenge));
}

export class DeviceFlow {
  #signIns = new Map(); // device code -> {challenge, interval, lastPoll}

  /** `options`: dialect, interval (seconds), resourceUrl (empty: none is sent); they are read at each call and may change meanwhile. */
  constructor(options, log) {
    this.options = options;
    this.log = log;
  }

  addTo(engine) {
    engine.use((context, next) => this.#serve(context, next));
    engine.on('grant.error', (_context, error) => {
      if (error.error_detail === 'refresh token already used') this.log.counts.refresh_replays += 1;
    });
  }

  async #serve(context, next) {
    if (context.method !== 'POST' || !Object.values(kRoutes).includes(context.path) || context.path === kRoutes.code_verification) return next();
    const body = await readBody(context.req);
    const form = Object.fromEntries(new URLSearchParams(body));
    context.req.body = body; // where the engine looks once the stream has ended
    if (context.req.logEntry) RequestLog.addForm(context.req.logEntry, form);
    switch (context.path) {
      case kRoutes.device_authorization: return this.#authorizeDevice(context, next, form);
      case kRoutes.token: return this.#issueToken(context, next, form);
      default:
        this.log.counts.revocations += 1;
        return next();
    }
  }

  async #authorizeDevice(context, next, form) {
    this.log.counts.device_calls += 1;
    if (form.code_challenge_method !== 'S256') return refuse(context, 400, 'invalid_request', 'code_challenge_method must be S256');
    if (!/^[A-Za-z0-9_-]{43}$/.test(form.code_challenge ?? '')) return refuse(context, 400, 'invalid_request', 'code_challenge is no SHA-256');
    await next();
    if (context.status !== 200) return undefined;
    const { dialect, interval } = this.options;
    this.#signIns.set(context.body.device_code, { challenge: form.code_challenge, interval, lastPoll: -Infinity });
    context.body.verification_uri_complete += dialect.completeUriEnd;
    if (dialect.sendsInterval) context.body.interval = interval;
    return undefined;
  }

  async #issueToken(context, next, form) {
    if (form.grant_type === 'refresh_token') this.log.counts.refresh_calls += 1;
    if (form.grant_type === kDeviceCodeGrant && !this.#mayPoll(context, form)) return;
    await next();
    const { dialect, resourceUrl } = this.options;
    if (context.status === 200) {
      if (resourceUrl) context.body.resource_url = resourceUrl;
      if (!dialect.sendsIdToken) delete context.body.id_token;
    } else if (form.grant_type === kDeviceCodeGrant && ['expired_token', 'invalid_grant'].includes(context.body?.error)) {
      context.status = dialect.deadCodeStatus;
    }
  }

  /** False: refused here. Codes nobody knows are left to the engine. */
  #mayPoll(context, form) {
    const signIn = this.#signIns.get(form.device_code);
    if (!signIn) return true;
    const now = performance.now();
    const isEarly = now - signIn.lastPoll < signIn.interval * 1000 - kClockGrace;
    signIn.lastPoll = now;
    if (isEarly) {
      signIn.interval += kSlowDownSeconds;
      this.log.counts.slow_downs += 1;
      refuse(context, this.options.dialect.slowDownStatus, 'slow_down', 'polling too fast');
      return false;
    }
    if (!isProof(form.code_verifier ?? '', signIn.challenge)) {
      refuse(context, 400, 'invalid_grant', 'code_verifier does not belong to code_challenge');
      return false;
    }
    return true;
  }
}
