/* What a provider plugin gives to the host: one table, and extensions by id.
 *
 * Thread labels: [worker] one call at a time for one instance, on any thread of the host. [offline] no service that waits
 * (http, ui, sleep, command); answers in a few milliseconds. No function throws, exits, prints, forks, starts threads, or changes
 * signal handlers, locale, environment, umask or working directory.
 *
 * Life of an instance:  create -> (state | authorize | on_response | extension calls)* -> destroy
 */
#ifndef QWEN_PROVIDER_H
#define QWEN_PROVIDER_H

#include "qwen/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The plugin's own state for one configured account. */
typedef struct qwen_instance qwen_instance;

/* Where results go: the host copies at once, so nothing changes owner. Valid until the entry call returns. Functions that do not
 * belong to the entry call return QWEN_ERR_MISUSE. */
typedef struct qwen_sink qwen_sink;

#define QWEN_STATE_READY 1u
#define QWEN_STATE_EXPIRING 2u
#define QWEN_STATE_EXPIRED 3u
#define QWEN_STATE_LOGIN_NEEDED 4u

typedef struct qwen_state {
    uint32_t struct_size;
    uint32_t kind;             /* QWEN_STATE_… */
    int64_t expires_at_utc_ms; /* 0: does not expire, or unknown */
    qwen_str base_url;         /* where requests go; may be empty */
    qwen_str account;          /* label for people; may be empty */
} qwen_state;

/* How the host should treat an answer of the server. */
#define QWEN_VERDICT_PASS 1u
#define QWEN_VERDICT_REFRESH_AND_RETRY 2u
#define QWEN_VERDICT_LOGIN_NEEDED 3u
#define QWEN_VERDICT_RATE_LIMITED 4u
#define QWEN_VERDICT_QUOTA_EXHAUSTED 5u
#define QWEN_VERDICT_FATAL 6u

typedef struct qwen_verdict {
    uint32_t struct_size;
    uint32_t kind;               /* QWEN_VERDICT_…; unknown: treated as QWEN_VERDICT_PASS */
    int64_t available_at_utc_ms; /* when a limit ends; 0: unknown */
    qwen_str text;               /* for people; may be empty */
    qwen_str help_url;           /* may be empty */
} qwen_verdict;

typedef struct qwen_model {
    uint32_t struct_size;
    uint32_t reserved;
    qwen_str id;
    qwen_str label; /* may be empty */
} qwen_model;

typedef struct qwen_sink_ops {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* authorize, sign: adds or replaces a header or query parameter. Mark credentials QWEN_STR_SENSITIVE. */
    qwen_status (*set_header)(qwen_sink *sink, qwen_str name, qwen_str value);
    qwen_status (*set_query)(qwen_sink *sink, qwen_str name, qwen_str value);
    /* authorize: replaces the base URL, the path below it, or one member of the JSON body (RFC 6901 pointer, JSON text; empty text removes it). */
    qwen_status (*set_base_url)(qwen_sink *sink, qwen_str url);
    qwen_status (*set_path)(qwen_sink *sink, qwen_str path);
    qwen_status (*set_body_field)(qwen_sink *sink, qwen_str pointer, qwen_str json);
    /* state, account status */
    qwen_status (*set_state)(qwen_sink *sink, const qwen_state *state);
    /* on_response */
    qwen_status (*set_verdict)(qwen_sink *sink, const qwen_verdict *verdict);
    /* models.list */
    qwen_status (*add_model)(qwen_sink *sink, const qwen_model *model);
    /* account status: a line for `qwen auth status`, like ("plan", "free") */
    qwen_status (*add_fact)(qwen_sink *sink, qwen_str name, qwen_str value);
} qwen_sink_ops;

/* A request as it will be made, before the plugin's changes. */
typedef struct qwen_request {
    uint32_t struct_size;
    uint32_t flags;     /* QWEN_REQUEST_… */
    qwen_str operation; /* "chat.completions", "models" */
    qwen_str method;
    qwen_str base_url;  /* configured; may be empty */
    qwen_str path;      /* below the base URL, "/chat/completions" */
    qwen_str model;     /* may be empty */
} qwen_request;

#define QWEN_REQUEST_STREAMING 1u

/* What the server answered. */
typedef struct qwen_response {
    uint32_t struct_size;
    uint32_t status;
    const qwen_kv *headers; /* names in lower case */
    uint32_t header_count;
    uint32_t reserved;
    qwen_str body_start;    /* at most 4 KiB of an error body; empty for a success */
} qwen_response;

/* The table returned by qwen_provider_entry_v1. Constant, valid for the life of the process. Every function is required. */
typedef struct qwen_provider {
    uint32_t struct_size;
    uint32_t abi_minor; /* QWEN_ABI_MINOR the plugin was compiled with */
    const char *id;     /* NUL-terminated; equals "id" of the manifest, else loading is refused */
    const char *version;

    /* Makes an instance. Settings are read through qwen.settings/1, now or later. *instance is owned by the plugin until destroy.
     * Errors: QWEN_ERR_SETTING, QWEN_ERR_INTERNAL. [worker] [offline] */
    qwen_status (*create)(qwen_call *call, qwen_instance **instance);
    /* [worker] [offline] */
    void (*destroy)(qwen_instance *instance);
    /* Says what the credential looks like from here, through sink.set_state. [worker] [offline] */
    qwen_status (*state)(qwen_instance *instance, qwen_call *call, const qwen_sink_ops *ops, qwen_sink *sink);
    /* Puts the credential on a request. QWEN_OK, QWEN_NEED_REFRESH, QWEN_NEED_LOGIN, QWEN_ERR_SETTING. [worker] [offline] */
    qwen_status (*authorize)(qwen_instance *instance, qwen_call *call, const qwen_request *request, const qwen_sink_ops *ops, qwen_sink *sink);
    /* Judges an answer, through sink.set_verdict; none set means QWEN_VERDICT_PASS. [worker] [offline] */
    qwen_status (*on_response)(qwen_instance *instance, qwen_call *call, const qwen_response *response, const qwen_sink_ops *ops, qwen_sink *sink);
    /* A table below by its id, or NULL. [any-thread] [offline] */
    const void *(*get_extension)(const char *id);
} qwen_provider;

/* ---- qwen.login/1 ------------------------------------------------------------------------------------------------- */

#define QWEN_EXT_LOGIN "qwen.login/1"

typedef struct qwen_provider_login_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* Signs in by one of the manifest's methods and stores the result through qwen.secrets/1.
     * Errors: QWEN_ERR_LOGIN_DENIED, QWEN_ERR_LOGIN_EXPIRED, QWEN_ERR_CANCELLED, QWEN_ERR_NOT_INTERACTIVE, 2xx. [worker] */
    qwen_status (*login)(qwen_instance *instance, qwen_call *call, qwen_str method);
    /* Revokes at the server where it can, and erases what was stored. QWEN_OK also when nobody was signed in. [worker] */
    qwen_status (*logout)(qwen_instance *instance, qwen_call *call);
} qwen_provider_login_v1;

/* ---- qwen.refresh/1 ----------------------------------------------------------------------------------------------- */

#define QWEN_EXT_REFRESH "qwen.refresh/1"

typedef struct qwen_provider_refresh_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* Renews the credential. The host holds the lock between processes and re-reads the store before it calls; the plugin needs no lock.
     * Errors: QWEN_ERR_INVALID_GRANT (sign in again), QWEN_ERR_NETWORK and other 2xx (keep what there is), QWEN_NEED_LOGIN. [worker] */
    qwen_status (*refresh)(qwen_instance *instance, qwen_call *call);
} qwen_provider_refresh_v1;

/* ---- qwen.sign/1: signatures over the final request ---------------------------------------------------------------- */

#define QWEN_EXT_SIGN "qwen.sign/1"

typedef struct qwen_final_request {
    uint32_t struct_size;
    uint32_t header_count;
    qwen_str method;
    qwen_str url;           /* exactly as it will be sent */
    const qwen_kv *headers; /* names in lower case; "host" and "content-length" are added below and not among them */
    uint8_t body_sha256[32];
    qwen_str body;          /* empty when it is longer than 1 MiB: the hash stands for it */
} qwen_final_request;

typedef struct qwen_provider_sign_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* Called last, again for every attempt. Only sink.set_header. [worker] [offline] */
    qwen_status (*sign)(qwen_instance *instance, qwen_call *call, const qwen_final_request *request, const qwen_sink_ops *ops, qwen_sink *sink);
} qwen_provider_sign_v1;

/* ---- qwen.account/1, qwen.models/1 --------------------------------------------------------------------------------- */

#define QWEN_EXT_ACCOUNT "qwen.account/1"

typedef struct qwen_provider_account_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* Facts about the account, through sink.add_fact and sink.set_state; goes online. [worker] */
    qwen_status (*status)(qwen_instance *instance, qwen_call *call, const qwen_sink_ops *ops, qwen_sink *sink);
} qwen_provider_account_v1;

#define QWEN_EXT_MODELS "qwen.models/1"

typedef struct qwen_provider_models_v1 {
    uint32_t struct_size;
    uint32_t abi_minor;
    /* The models of this account, through sink.add_model. Without this extension the host asks GET <base URL>/models. [worker] */
    qwen_status (*list)(qwen_instance *instance, qwen_call *call, const qwen_sink_ops *ops, qwen_sink *sink);
} qwen_provider_models_v1;

#ifdef __cplusplus
}
#endif

#endif
