// The OAuth engine, `oidc-provider` (OpenID Certified), set up as an issuer like Qwen's.
//
// Codes, tokens, the pages in the browser, rotation of refresh tokens, detection of their reuse and revocation are the engine's own: that
// nobody here wrote them is why this server exists. What it lacks on the device flow is in device_flow.mjs.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

import { kClientId, kDeviceCodeGrant, kRoutes, kScope } from './qwen_issuer.mjs';
import { MemoryAdapter } from './storage.mjs';

const kDay = 86400; // seconds

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' };
}

// Anybody can sign in, with any password.
function findAccount(_context, id) {
  return { accountId: id, claims: () => ({ sub: id, name: id, email: `${id}@example.test`, email_verified: true }) };
}

/** `lifetimes` in seconds: accessToken, refreshToken, deviceCode; read whenever something is issued. */
export function makeEngine(issuer, lifetimes) {
  return new Provider(issuer, {
    adapter: MemoryAdapter,
    routes: kRoutes,
    clients: [{
      client_id: kClientId,
      client_name: 'Qwen Code',
      application_type: 'native',
      token_endpoint_auth_method: 'none', // a public client: it has no secret
      grant_types: [kDeviceCodeGrant, 'refresh_token'],
      id_token_signed_response_alg: 'ES256',
      redirect_uris: [],
      response_types: [],
    }],
    scopes: kScope.split(' '),
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    findAccount,
    features: {
      deviceFlow: { enabled: true, mask: '****-****' },
      revocation: { enabled: true },
      devInteractions: { enabled: true }, // its own pages to log in and to consent
    },
    issueRefreshToken: () => true, // Qwen gives one although nobody asks for offline_access
    rotateRefreshToken: () => true,
    revokeGrantPolicy: () => true, // reuse or revocation of one token ends every token of that sign-in
    expiresWithSession: () => false,
    ttl: {
      AccessToken: () => lifetimes.accessToken,
      RefreshToken: () => lifetimes.refreshToken,
      DeviceCode: () => lifetimes.deviceCode,
      Grant: 14 * kDay,
      IdToken: () => lifetimes.accessToken,
      Interaction: 3600,
      Session: kDay,
    },
    clockTolerance: 0, // a token ends when it says; by default the engine's ends 15 s later
    cookies: { keys: ['these cookies are seen by tests only'] },
    jwks: { keys: [signingKey()] },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  });
}
