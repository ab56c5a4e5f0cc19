/* A provider that signs each request instead of sending its key. Digests are the host's: nothing is linked. */
#include <qwen/plugin.h>
#include <string.h>

#include "signature_v4.h"

struct qwen_instance {
    char unused; /* everything is read from the host when it is needed */
};

static const qwen_host *host;

static qwen_str text(const char *data) { return (qwen_str){data, (uint32_t)strlen(data), 0}; }

static const void *service(const char *id) { return host->get_extension(host->ctx, id); }

static qwen_status fail(qwen_call *call, qwen_status code, const char *message, const char *setting) {
    const qwen_error error = {.struct_size = sizeof error, .code = code, .message = text(message), .setting = text(setting)};
    host->error(call, &error);
    return code;
}

/* Empty when it is not set. */
static qwen_str setting(qwen_call *call, const char *key) {
    const qwen_host_settings_v1 *settings = service(QWEN_EXT_SETTINGS);
    qwen_setting found = {.struct_size = sizeof found};
    if (settings == NULL || settings->get(call, text(key), &found) != QWEN_OK) return text("");
    return found.value;
}

/* The setting (flag, variable, .env, config.toml) goes before the key that `qwen auth login` stored. Empty: there is none. */
static qwen_str secret_access_key(qwen_call *call) {
    const qwen_host_secrets_v1 *secrets = service(QWEN_EXT_SECRETS);
    const qwen_str configured = setting(call, "secret_access_key");
    qwen_stored_secret stored = {.struct_size = sizeof stored};
    if (configured.len > 0) return configured;
    if (secrets == NULL || secrets->get(call, text("api_key"), &stored) != QWEN_OK) return text("");
    return stored.value;
}

static void host_sha256(const void *context, qwen_str bytes, uint8_t out[32]) {
    ((const qwen_host_crypto_v1 *)context)->sha256(host->ctx, (const uint8_t *)bytes.data, bytes.len, out);
}

static void host_hmac_sha256(const void *context, qwen_str key, qwen_str bytes, uint8_t out[32]) {
    ((const qwen_host_crypto_v1 *)context)->hmac_sha256(host->ctx, (const uint8_t *)key.data, key.len, (const uint8_t *)bytes.data, bytes.len, out);
}

struct address {
    qwen_str origin; /* "https://api.example.com" */
    qwen_str host;
    qwen_str path;
    qwen_str query;
};

static uint32_t find(qwen_str in, uint32_t from, const char *any_of) {
    while (from < in.len && strchr(any_of, in.data[from]) == NULL) ++from;
    return from;
}

static struct address split(qwen_str url) {
    const uint32_t scheme = find(url, 0, ":");
    const uint32_t host_begin = scheme + 3 < url.len ? scheme + 3 : url.len;
    const uint32_t path = find(url, host_begin, "/?");
    const uint32_t query = find(url, path, "?");
    struct address address = {{url.data, path, 0}, {url.data + host_begin, path - host_begin, 0}, {url.data + path, query - path, 0}, text("")};
    if (address.path.len == 0) address.path = text("/");
    if (query + 1 < url.len) address.query = (qwen_str){url.data + query + 1, url.len - query - 1, 0};
    return address;
}

/* What a proxy may add or change is left out. */
static int is_signed(qwen_str name) {
    return (name.len == 12 && memcmp(name.data, "content-type", 12) == 0) || (name.len > 6 && memcmp(name.data, "x-amz-", 6) == 0);
}

/* 0: there are too many. */
static int add_header(struct signed_request *request, qwen_str name, qwen_str value) {
    if (request->header_count == SIGNATURE_MAX_HEADERS) return 0;
    request->headers[request->header_count++] = (qwen_kv){name, value};
    return 1;
}

static qwen_status create(qwen_call *call, qwen_instance **instance) {
    static qwen_instance the_only_one;
    (void)call;
    *instance = &the_only_one;
    return QWEN_OK;
}

static void destroy(qwen_instance *instance) { (void)instance; }

static qwen_status state(qwen_instance *instance, qwen_call *call, const qwen_sink_ops *ops, qwen_sink *sink) {
    const qwen_state now = {.struct_size = sizeof now, .kind = secret_access_key(call).len > 0 ? QWEN_STATE_READY : QWEN_STATE_LOGIN_NEEDED};
    (void)instance;
    return ops->set_state(sink, &now);
}

static qwen_status authorize(qwen_instance *instance, qwen_call *call, const qwen_request *request, const qwen_sink_ops *ops, qwen_sink *sink) {
    (void)instance, (void)request, (void)ops, (void)sink;
    if (secret_access_key(call).len == 0) return QWEN_NEED_LOGIN;
    if (setting(call, "access_key_id").len == 0) return fail(call, QWEN_ERR_SETTING, "'access_key_id' is not set", "access_key_id");
    return QWEN_OK;
}

/* Called last, again for every attempt: what is signed is what is sent. */
static qwen_status sign(qwen_instance *instance, qwen_call *call, const qwen_final_request *request, const qwen_sink_ops *ops, qwen_sink *sink) {
    const qwen_host_clock_v1 *clock = service(QWEN_EXT_CLOCK);
    const qwen_host_crypto_v1 *crypto = service(QWEN_EXT_CRYPTO);
    const struct digests digests = {host_sha256, host_hmac_sha256, crypto};
    const struct address address = split(request->url);
    const qwen_str token = setting(call, "session_token");
    struct signed_request to_sign = {.method = request->method, .path = address.path, .query = address.query};
    struct scope scope = {setting(call, "access_key_id"), secret_access_key(call), setting(call, "region"), setting(call, "service"), text("")};
    struct buffer header = {.len = 0};
    char time[16];
    qwen_status status;
    uint32_t i;
    int fits = 1;
    (void)instance;
    if (clock == NULL || crypto == NULL) return QWEN_ERR_UNSUPPORTED;
    if (scope.secret.len == 0) return QWEN_NEED_LOGIN;
    basic_time(clock->now_utc_ms(host->ctx) + clock->server_skew_ms(call, address.origin), time);
    scope.time = (qwen_str){time, sizeof time, 0};
    memcpy(to_sign.body_sha256, request->body_sha256, sizeof to_sign.body_sha256);
    for (i = 0; i < request->header_count; ++i) {
        if (is_signed(request->headers[i].key)) fits = fits && add_header(&to_sign, request->headers[i].key, request->headers[i].value);
    }
    fits = fits && add_header(&to_sign, text("host"), address.host) && add_header(&to_sign, text("x-amz-date"), scope.time);
    status = ops->set_header(sink, text("x-amz-date"), scope.time);
    if (token.len > 0) {
        fits = fits && add_header(&to_sign, text("x-amz-security-token"), token);
        if (status == QWEN_OK) status = ops->set_header(sink, text("x-amz-security-token"), (qwen_str){token.data, token.len, QWEN_STR_SENSITIVE});
    }
    if (!fits || !append_authorization(&header, &digests, &scope, &to_sign)) return fail(call, QWEN_ERR_TOO_LARGE, "the request is too long to be signed", "");
    if (status == QWEN_OK) status = ops->set_header(sink, text("authorization"), (qwen_str){header.data, header.len, QWEN_STR_SENSITIVE});
    return status;
}

static qwen_status on_response(qwen_instance *instance, qwen_call *call, const qwen_response *response, const qwen_sink_ops *ops, qwen_sink *sink) {
    const qwen_verdict refused = {.struct_size = sizeof refused, .kind = QWEN_VERDICT_LOGIN_NEEDED};
    (void)instance, (void)call;
    return response->status == 401 || response->status == 403 ? ops->set_verdict(sink, &refused) : QWEN_OK;
}

static const void *get_extension(const char *id) {
    static const qwen_provider_sign_v1 sign_table = {sizeof sign_table, 0, sign};
    return strcmp(id, QWEN_EXT_SIGN) == 0 ? &sign_table : NULL;
}

const qwen_provider *qwen_provider_entry_v1(const qwen_host *table) {
    static const qwen_provider provider = {sizeof provider, QWEN_ABI_MINOR, "signing_c", "1.0.0",     create,
                                           destroy,         state,          authorize,   on_response, get_extension};
    host = table;
    return &provider;
}
