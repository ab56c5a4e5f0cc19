/* The token endpoint (RFC 6749): what it is asked, and what its answers mean. */
#ifndef GOLDEN_V1_0_TOKEN_ENDPOINT_H
#define GOLDEN_V1_0_TOKEN_ENDPOINT_H

#include "host_services.h"

struct tokens {
    char access[4096];
    uint32_t access_len;
    char refresh[4096];
    uint32_t refresh_len;      /* 0: cannot be renewed */
    int64_t expires_at_utc_ms; /* 0: unknown */
};

enum outcome { ISSUED, PENDING, SLOW_DOWN, DENIED, EXPIRED, DEAD_GRANT, UNAVAILABLE, REFUSED };

/* A body of application/x-www-form-urlencoded that grows; what does not fit any more sets `is_full`. */
struct form {
    char data[16384];
    uint32_t len;
    int is_full;
};

/* A field without a value is left out. */
void form_add(struct form *form, const char *name, qwen_str value);

/* POSTs to the URL that the setting `endpoint` holds. Errors: those of qwen.http/1, QWEN_ERR_SETTING, QWEN_ERR_UNSUPPORTED. */
qwen_status post_form(qwen_call *call, const char *endpoint, const struct form *form, qwen_http_response *response);

/* Asks the token endpoint. QWEN_OK: `outcome` is set, `tokens` with ISSUED, `reason` (borrowed) with any other. Errors: as post_form. */
qwen_status ask_for_tokens(qwen_call *call, const struct form *form, enum outcome *outcome, struct tokens *tokens, qwen_str *reason);

/* `error_description` or `error` of an answer, as it stands there; else a few words. Borrowed from the answer. */
qwen_str reason_of(const qwen_http_response *response);

#endif
