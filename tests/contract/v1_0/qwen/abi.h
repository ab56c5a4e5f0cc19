/* The ground rules of the plugin ABI: version, text, status codes.
 *
 * C11, no dependency. Append-only: nothing here ever changes its value, size or meaning (docs/plugins/stability.md).
 *
 * Rules for every header of this directory:
 *  - Fixed-width integers only; enumerations are uint32_t with #defines; no bool, enum, long, bit-field or time_t.
 *  - A struct that may grow begins with `uint32_t struct_size`, set by whoever fills it to the sizeof it was compiled
 *    with. The reader looks at a member only when QWEN_HAS says it is there. qwen_str and qwen_kv never grow.
 *  - Text is UTF-8 with a length; no terminating NUL is needed or promised.
 *  - Whatever is passed in is borrowed until the called function returns. Whatever is handed out during an entry call
 *    (a response, a secret, a setting) is borrowed until that entry call returns; sensitive bytes are then wiped.
 *    Nothing allocated on one side is freed on the other.
 *  - Times are int64_t milliseconds: `_utc_ms` since 1970-01-01T00:00:00Z, `_mono_ms` on a clock that never jumps.
 */
#ifndef QWEN_ABI_H
#define QWEN_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QWEN_ABI_MAJOR 1u
#define QWEN_ABI_MINOR 0u

#if defined(__GNUC__)
#define QWEN_EXPORT __attribute__((visibility("default")))
#else
#define QWEN_EXPORT
#endif

/* True when the struct behind `pointer` is long enough to hold `member`. */
#define QWEN_HAS(pointer, type, member) \
    ((pointer)->struct_size >= offsetof(type, member) + sizeof(((type *)0)->member))

/* Text. `data` may be NULL only when `len` is 0. */
typedef struct qwen_str {
    const char *data;
    uint32_t len;
    uint32_t flags; /* QWEN_STR_…; unknown bits are ignored */
} qwen_str;

/* The text is a credential: the host redacts it everywhere and wipes its own copies. */
#define QWEN_STR_SENSITIVE 1u

typedef struct qwen_kv {
    qwen_str key;
    qwen_str value;
} qwen_kv;

/* What a call came to. The hundreds are the class; a reader that does not know a code treats it as its class. */
typedef uint32_t qwen_status;

#define QWEN_OK 0u

/* 1xx: the call itself was wrong (a bug of the caller). */
#define QWEN_ERR_MISUSE 100u
#define QWEN_ERR_UNSUPPORTED 101u /* this optional function or service is not there */
#define QWEN_ERR_TOO_LARGE 102u   /* over one of the limits in host.h */
#define QWEN_ERR_OFFLINE_CALL 103u /* a service that waits was used in a call marked [offline] */

/* 2xx: may work another time. */
#define QWEN_ERR_TRANSIENT 200u
#define QWEN_ERR_CANCELLED 201u
#define QWEN_ERR_TIMED_OUT 202u
#define QWEN_ERR_NETWORK 203u
#define QWEN_ERR_TLS 204u
#define QWEN_ERR_CONFLICT 205u /* put_if: the revision is no longer the newest */
#define QWEN_ERR_STORAGE 206u

/* 3xx: the user has to act. */
#define QWEN_ERR_USER 300u
#define QWEN_NEED_REFRESH 301u
#define QWEN_NEED_LOGIN 302u
#define QWEN_ERR_SETTING 303u       /* a setting is missing or unusable; name it in the error */
#define QWEN_ERR_LOGIN_DENIED 304u
#define QWEN_ERR_LOGIN_EXPIRED 305u
#define QWEN_ERR_INVALID_GRANT 306u /* RFC 6749 5.2: the refresh token is dead */
#define QWEN_ERR_NOT_FOUND 307u
#define QWEN_ERR_NOT_INTERACTIVE 308u

/* 4xx: not allowed here. */
#define QWEN_ERR_DENIED 400u
#define QWEN_ERR_DENIED_ORIGIN 401u
#define QWEN_ERR_DENIED_POLICY 402u

/* 5xx: the provider, or this plugin, is broken. */
#define QWEN_ERR_PROVIDER 500u
#define QWEN_ERR_BAD_RESPONSE 501u
#define QWEN_ERR_INTERNAL 502u

#define QWEN_STATUS_CLASS(status) ((status) / 100u)

#ifdef __cplusplus
}
#endif

#endif
