// What the issuer of Qwen looks like from outside: routes, client, scope, and where its answers differ from RFC 8628.

export const kDeviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';
export const kClientId = 'f0304373b74a44d2b584a3fb70ca9e56';
export const kScope = 'openid profile email model.completion';

export const kRoutes = {
  device_authorization: '/api/v1/oauth2/device/code',
  token: '/api/v1/oauth2/token',
  revocation: '/api/v1/oauth2/revoke',
  code_verification: '/authorize',
  // Belongs to the code flow, which no client here has; its usual place would be near the page above.
  authorization: '/oauth/authorization',
};

// One dialect is the RFC to the letter, the other is what clients of chat.qwen.ai met there.
export const kDialects = {
  rfc8628: { sendsInterval: true, sendsIdToken: true, slowDownStatus: 400, deadCodeStatus: 400, completeUriEnd: '' },
  qwen: { sendsInterval: false, sendsIdToken: false, slowDownStatus: 429, deadCodeStatus: 401, completeUriEnd: '&client=qwen-code' },
};
