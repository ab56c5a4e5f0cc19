/* What the host does for a plugin. A plugin does no I/O of its own: network, storage, prompts, time, randomness, hashing
 * and logs are services, so TLS, proxies, redaction, the origin rule and the sandbox are in one place.
 *
 * Thread labels:
 *   [worker]      only from within an entry call, on the thread that made it
 *   [any-thread]  from anywhere, at any time
 *   [waits]       may take long; returns QWEN_ERR_CANCELLED as soon as the user stops the call, and
 *                 QWEN_ERR_OFFLINE_CALL inside an entry call marked [offline]
 *
 * Limits (QWEN_ERR_TOO_LARGE): text 64 KiB, header value 8 KiB, request or response body 1 MiB, error text 1 KiB.
 */
#ifndef QWEN_HOST_H
#define QWEN_HOST_H

#include "qwen/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One entry call in progress. Made by the host, valid until the entry call returns; never stored. */
typedef struct qwen_call qwen_call;
/* The host's own state behind qwen_host. */
typedef struct qwen_host_ctx qwen_host_ctx;

#define QWEN_LOG_DEBUG 0u
#define QWEN_LOG_INFO 1u
#define QWEN_LOG_WARNING 2u
#define QWEN_LOG_ERROR 3u

/* Whether a person can be asked during this call. */
#define QWEN_INTERACTIVE_NEVER 0u
#define QWEN_INTERACTIVE_IF_AVAILABLE 1u
#define QWEN_INTERACTIVE_ALWAYS 2u

/* The reason for a status other than QWEN_OK, for the user. Plain words, no secret, no line breaks.
 * Required members: code, message. */
typedef struct qwen_error {
    uint32_t struct_size;
    qwen_status code;
    qwen_str message; /* what happened */
    qwen_str hint;    /* what the user can do; may be empty */
    qwen_str setting; /* key of the setting to blame; may be empty */
} qwen_error;

/* The table handed to qwen_provider_entry_v1. Valid for the life of the process. */
typedef struct qwen_host {
    uint32_t struct_size;
    uint32_t abi_minor;
    qwen_str name;    /* "qwen" */
    qwen_str version; /* "1.0.0" */
    qwen_host_ctx *ctx;

    /* Writes one line to the host's log; sensitive values the host handed out are redacted. `call` may be NULL. [any-thread] */
    void (*log)(qwen_host_ctx *ctx, qwen_call *call, uint32_t level, qwen_str message);
    /* Says why the entry call is about to fail. The last one counts. [worker] */
    void (*error)(qwen_call *call, const qwen_error *error);
    /* 1 when the call should end soon. [worker] */
    uint32_t (*cancelled)(qwen_call *call);
    /* When the host gives the call up, on the monotonic clock; INT64_MAX: never. [worker] */
    int64_t (*deadline_mono_ms)(qwen_call *call);
    /* QWEN_INTERACTIVE_… [worker] */
    uint32_t (*interactive)(qwen_call *call);
    /* A service table by id, or NULL when this host does not have it (or the administrator took it away). [any-thread] */
    const void *(*get_extension)(qwen_host_ctx *ctx, const char *id);
} qwen_host;

/* ---- qwen.http/1: requests over the host's TLS, proxies and origin rule ------------------------------------------- */

#define QWEN_EXT_HTTP "qwen.http/1"

typedef struct qwen_http_request {
    uint32_t struct_size;
    uint32_t timeout_ms;      /* for the whole exchange; 0: the host's default, 15,000 */
    qwen_str method;          /* "GET", "POST" */
    qwen_str url;             /* absolute; only origins of the manifest or of the user's configuration */
    const qwen_kv *headers;   /* may be NULL when header_count is 0 */
    uint32_t header_count;
    uint32_t reserved;        /* 0 */
    qwen_str body;
} qwen_http_request;

typedef struct qwen_http_response {
    uint32_t struct_size;
    uint32_t status;          /* 100 to 599 */
    const qwen_kv *headers;   /* names in lower case; borrowed until the entry call returns */
    uint32_t header_count;
    uint32_t reserved;
    qwen_str body;            /* borrowed until the entry call returns */
} qwen_http_response;

typedef struct qwen_host_http_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* Sends one request. Redirects are not followed. Any HTTP status is QWEN_OK; `response` is filled only then. The caller sets
     * response->struct_size first.
     * Errors: QWEN_ERR_NETWORK, QWEN_ERR_TLS, QWEN_ERR_TIMED_OUT, QWEN_ERR_CANCELLED, QWEN_ERR_DENIED_ORIGIN, QWEN_ERR_TOO_LARGE. [worker] [waits] */
    qwen_status (*perform)(qwen_call *call, const qwen_http_request *request, qwen_http_response *response);
} qwen_host_http_v1;

/* ---- qwen.clock/1 ------------------------------------------------------------------------------------------------- */

#define QWEN_EXT_CLOCK "qwen.clock/1"

typedef struct qwen_host_clock_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    int64_t (*now_utc_ms)(qwen_host_ctx *ctx);  /* [any-thread] */
    int64_t (*now_mono_ms)(qwen_host_ctx *ctx); /* [any-thread] */
    /* Server time minus ours, from the Date header last seen from `origin`; 0 when unknown. [worker] */
    int64_t (*server_skew_ms)(qwen_call *call, qwen_str origin);
    /* Waits. Errors: QWEN_ERR_CANCELLED, QWEN_ERR_TIMED_OUT (the call's deadline came first). [worker] [waits] */
    qwen_status (*sleep_until)(qwen_call *call, int64_t mono_ms);
} qwen_host_clock_v1;

/* ---- qwen.secrets/1: storage that belongs to (this provider, the current account) --------------------------------- */

#define QWEN_EXT_SECRETS "qwen.secrets/1"

/* Two keys mean something to the host, whichever plugin uses them:
 *   "credentials"   a sign-in (method of kind "device-code"): renewed by qwen.refresh/1 when its expiry comes near or the server refuses it
 *   "api_key"       what `qwen auth login` stored of a key typed or piped in */
typedef struct qwen_stored_secret {
    uint32_t struct_size;
    uint32_t reserved;
    qwen_str value;           /* sensitive; borrowed until the entry call returns */
    int64_t expires_at_utc_ms; /* 0: does not expire, or unknown */
    uint64_t revision;        /* for put_if; never 0 for something stored */
} qwen_stored_secret;

typedef struct qwen_host_secrets_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* Reads a value. Errors: QWEN_ERR_NOT_FOUND, QWEN_ERR_STORAGE, QWEN_ERR_DENIED (unsafe file). [worker] */
    qwen_status (*get)(qwen_call *call, qwen_str key, qwen_stored_secret *out);
    /* Stores a value if `revision` is still the newest (0: if there is none yet); *new_revision may be NULL.
     * Errors: QWEN_ERR_CONFLICT, QWEN_ERR_STORAGE (the value is kept in memory for this process). [worker] */
    qwen_status (*put_if)(qwen_call *call, qwen_str key, qwen_str value, int64_t expires_at_utc_ms, uint64_t revision,
                          uint64_t *new_revision);
    /* Removes a value; QWEN_OK also when there was none. [worker] */
    qwen_status (*erase)(qwen_call *call, qwen_str key);
} qwen_host_secrets_v1;

/* ---- qwen.ui/1: the person --------------------------------------------------------------------------------------- */

#define QWEN_EXT_UI "qwen.ui/1"

/* RFC 8628 section 3.2. */
typedef struct qwen_device_code {
    uint32_t struct_size;
    uint32_t reserved;
    qwen_str verification_uri;
    qwen_str verification_uri_complete; /* may be empty */
    qwen_str user_code;
    int64_t expires_at_utc_ms;
} qwen_device_code;

#define QWEN_PROMPT_TEXT 0u
#define QWEN_PROMPT_SECRET 1u

typedef struct qwen_prompt {
    uint32_t struct_size;
    uint32_t kind;       /* QWEN_PROMPT_… */
    qwen_str label;      /* "API key" */
    qwen_str suggestion; /* taken on an empty answer; may be empty */
    qwen_str help_url;   /* where to get it; may be empty */
} qwen_prompt;

#define QWEN_PROGRESS_POLLING 1u
#define QWEN_PROGRESS_SLOWED_DOWN 2u
#define QWEN_PROGRESS_AUTHORIZED 3u
#define QWEN_PROGRESS_DENIED 4u
#define QWEN_PROGRESS_EXPIRED 5u
#define QWEN_PROGRESS_NETWORK_LOST 6u

typedef struct qwen_host_ui_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* Shows where to sign in; returns at once. The host validates the URI. Errors: QWEN_ERR_CANCELLED, QWEN_ERR_BAD_RESPONSE (URI refused). [worker] */
    qwen_status (*device_code)(qwen_call *call, const qwen_device_code *code);
    /* Asks; *answer is borrowed until the entry call returns. Errors: QWEN_ERR_NOT_INTERACTIVE, QWEN_ERR_CANCELLED. [worker] [waits] */
    qwen_status (*prompt)(qwen_call *call, const qwen_prompt *prompt, qwen_str *answer);
    /* Lets the person choose one of `count` lines. Errors: as prompt. [worker] [waits] */
    qwen_status (*choose)(qwen_call *call, qwen_str label, const qwen_str *choices, uint32_t count, uint32_t *chosen);
    /* One line for the person. [worker] */
    void (*notice)(qwen_call *call, qwen_str text);
    /* How the login goes: QWEN_PROGRESS_… [worker] */
    void (*progress)(qwen_call *call, uint32_t event, qwen_str detail);
} qwen_host_ui_v1;

/* ---- qwen.random/1, qwen.crypto/1 --------------------------------------------------------------------------------- */

#define QWEN_EXT_RANDOM "qwen.random/1"

typedef struct qwen_host_random_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* Fills with unpredictable bytes. [any-thread] */
    void (*bytes)(qwen_host_ctx *ctx, uint8_t *out, uint32_t len);
} qwen_host_random_v1;

#define QWEN_EXT_CRYPTO "qwen.crypto/1"

typedef struct qwen_host_crypto_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    void (*sha256)(qwen_host_ctx *ctx, const uint8_t *data, uint64_t len, uint8_t out[32]);                                     /* [any-thread] */
    void (*hmac_sha256)(qwen_host_ctx *ctx, const uint8_t *key, uint64_t key_len, const uint8_t *data, uint64_t len, uint8_t out[32]); /* [any-thread] */
} qwen_host_crypto_v1;

/* ---- qwen.settings/1: what the user configured -------------------------------------------------------------------- */

#define QWEN_EXT_SETTINGS "qwen.settings/1"

#define QWEN_SETTING_FROM_DEFAULT 0u
#define QWEN_SETTING_FROM_FLAG 1u
#define QWEN_SETTING_FROM_ENVIRONMENT 2u
#define QWEN_SETTING_FROM_DOTENV 3u
#define QWEN_SETTING_FROM_CONFIG 4u
#define QWEN_SETTING_FROM_ACCOUNT 5u

typedef struct qwen_setting {
    uint32_t struct_size;
    uint32_t source; /* QWEN_SETTING_FROM_…; unknown values: treat as QWEN_SETTING_FROM_CONFIG */
    qwen_str value;  /* borrowed until the entry call returns; sensitive for secrets */
} qwen_setting;

typedef struct qwen_host_settings_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* A setting of this plugin's manifest. Errors: QWEN_ERR_NOT_FOUND (not set and no default), QWEN_ERR_MISUSE (not in the manifest). [worker] */
    qwen_status (*get)(qwen_call *call, qwen_str key, qwen_setting *out);
} qwen_host_settings_v1;

/* ---- qwen.command/1: a command the user configured, run by the host ------------------------------------------------ */

#define QWEN_EXT_COMMAND "qwen.command/1"

typedef struct qwen_host_command_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* Runs the command that the setting `key` (type "command") holds and hands back its standard output, at most 64 KiB, as sensitive text
     * borrowed until the entry call returns. Only commands from the user's or the system's config.toml are run.
     * Errors: QWEN_ERR_NOT_FOUND (not set), QWEN_ERR_PROVIDER (exit status not 0), QWEN_ERR_TIMED_OUT (30 s), QWEN_ERR_CANCELLED. [worker] [waits] */
    qwen_status (*run)(qwen_call *call, qwen_str key, qwen_str *standard_output);
} qwen_host_command_v1;

#ifdef __cplusplus
}
#endif

#endif
