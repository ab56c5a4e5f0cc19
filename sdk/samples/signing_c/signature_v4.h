/* AWS Signature Version 4: the Authorization header of a request. Pure; digests are the caller's, so a test can bring its own. */
#ifndef SIGNING_C_SIGNATURE_V4_H
#define SIGNING_C_SIGNATURE_V4_H

#include <stdint.h>

#include <qwen/abi.h>

#define SIGNATURE_MAX_HEADERS 32u
#define SIGNATURE_MAX_PARAMETERS 64u

struct digests {
    void (*sha256)(const void *context, qwen_str bytes, uint8_t out[32]);
    void (*hmac_sha256)(const void *context, qwen_str key, qwen_str bytes, uint8_t out[32]);
    const void *context; /* handed to both */
};

struct scope {
    qwen_str access_key_id;
    qwen_str secret;
    qwen_str region;
    qwen_str service;
    qwen_str time; /* "20150830T123600Z", also sent as x-amz-date */
};

struct signed_request {
    qwen_str method;
    qwen_str path;                              /* as it is sent; "/" for none */
    qwen_str query;                             /* as it is sent, without the question mark */
    qwen_kv headers[SIGNATURE_MAX_HEADERS];     /* what is signed, "host" and "x-amz-date" included; names in lower case; is sorted */
    uint32_t header_count;
    uint8_t body_sha256[32];
};

/* Text that grows up to its room; what does not fit any more sets `is_full`. */
struct buffer {
    char data[16384];
    uint32_t len;
    int is_full;
};

/* Appends "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...". 0: it does not fit, or there are too many parameters. */
int append_authorization(struct buffer *out, const struct digests *digests, const struct scope *scope, struct signed_request *request);

/* Milliseconds since 1970 as "20150830T123600Z", 16 characters without a NUL. */
void basic_time(int64_t utc_ms, char out[16]);

#endif
