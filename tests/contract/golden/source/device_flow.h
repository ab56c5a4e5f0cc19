/* Signing in with a code that is typed into a browser, on this machine or another (RFC 8628), with PKCE (RFC 7636). */
#ifndef GOLDEN_V1_0_DEVICE_FLOW_H
#define GOLDEN_V1_0_DEVICE_FLOW_H

#include "token_endpoint.h"

/* Shows the code and waits until the person has decided. Errors: QWEN_ERR_LOGIN_DENIED, QWEN_ERR_LOGIN_EXPIRED, QWEN_ERR_CANCELLED, those of the issuer. */
qwen_status sign_in(qwen_call *call, struct tokens *tokens);

#endif
