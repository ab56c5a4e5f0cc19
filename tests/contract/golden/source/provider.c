/* A provider that is signed in to with a browser. The host keeps the tokens, decides when they are renewed, and makes the requests. */
#include "device_flow.h"

struct qwen_instance {
    char unused; /* everything is read from the host when it is needed */
};

const qwen_host *host;

/* The host renews what is stored under this key, shortly before it expires and once for all processes. */
static const char credentials[] = "credentials";

static qwen_status create(qwen_call *call, qwen_instance **instance) {
    static qwen_instance the_only_one;
    (void)call;
    *instance = &the_only_one;
    return QWEN_OK;
}

static void destroy(qwen_instance *instance) { (void)instance; }

/* Stored as two lines: access token, refresh token. QWEN_NEED_LOGIN: there is nothing, or nothing that can be used; *revision is right all the same. */
static qwen_status read_stored(qwen_call *call, struct tokens *tokens, uint64_t *revision) {
    const qwen_host_secrets_v1 *secrets = service(QWEN_EXT_SECRETS);
    qwen_stored_secret stored = {.struct_size = sizeof stored};
    const char *end;
    qwen_status status;
    *revision = 0;
    if (secrets == NULL) return QWEN_ERR_UNSUPPORTED;
    status = secrets->get(call, text(credentials), &stored);
    if (status == QWEN_ERR_NOT_FOUND) return QWEN_NEED_LOGIN;
    if (status != QWEN_OK) return status;
    *revision = stored.revision;
    end = stored.value.len > 0 ? memchr(stored.value.data, '\n', stored.value.len) : NULL;
    if (end == NULL || end == stored.value.data) return QWEN_NEED_LOGIN;
    tokens->access_len = (uint32_t)(end - stored.value.data);
    tokens->refresh_len = stored.value.len - tokens->access_len - 1;
    tokens->expires_at_utc_ms = stored.expires_at_utc_ms;
    if (tokens->access_len > sizeof tokens->access || tokens->refresh_len > sizeof tokens->refresh) return QWEN_NEED_LOGIN;
    memcpy(tokens->access, stored.value.data, tokens->access_len);
    memcpy(tokens->refresh, end + 1, tokens->refresh_len);
    return QWEN_OK;
}

static qwen_status store(qwen_call *call, const struct tokens *tokens, uint64_t revision) {
    const qwen_host_secrets_v1 *secrets = service(QWEN_EXT_SECRETS);
    char value[sizeof tokens->access + 1 + sizeof tokens->refresh];
    const uint32_t len = tokens->access_len + 1 + tokens->refresh_len;
    qwen_status status = QWEN_ERR_UNSUPPORTED;
    memcpy(value, tokens->access, tokens->access_len);
    value[tokens->access_len] = '\n';
    memcpy(value + tokens->access_len + 1, tokens->refresh, tokens->refresh_len);
    if (secrets != NULL) status = secrets->put_if(call, text(credentials), (qwen_str){value, len, QWEN_STR_SENSITIVE}, tokens->expires_at_utc_ms, revision, NULL);
    explicit_bzero(value, sizeof value);
    return status;
}

static qwen_status state(qwen_instance *instance, qwen_call *call, const qwen_sink_ops *ops, qwen_sink *sink) {
    const qwen_host_clock_v1 *clock = service(QWEN_EXT_CLOCK);
    struct tokens tokens = {.access_len = 0};
    qwen_state now = {.struct_size = sizeof now, .kind = QWEN_STATE_LOGIN_NEEDED};
    uint64_t revision;
    (void)instance;
    if (read_stored(call, &tokens, &revision) == QWEN_OK) {
        const int has_expired = tokens.expires_at_utc_ms != 0 && clock != NULL && clock->now_utc_ms(host->ctx) >= tokens.expires_at_utc_ms;
        now.kind = !has_expired ? QWEN_STATE_READY : tokens.refresh_len > 0 ? QWEN_STATE_EXPIRED : QWEN_STATE_LOGIN_NEEDED;
        now.expires_at_utc_ms = tokens.expires_at_utc_ms;
    }
    explicit_bzero(&tokens, sizeof tokens);
    return ops->set_state(sink, &now);
}

static qwen_status authorize(qwen_instance *instance, qwen_call *call, const qwen_request *request, const qwen_sink_ops *ops, qwen_sink *sink) {
    struct tokens tokens = {.access_len = 0};
    char header[sizeof tokens.access + 7] = "Bearer ";
    uint64_t revision;
    qwen_status status = read_stored(call, &tokens, &revision);
    (void)instance, (void)request;
    if (status == QWEN_OK) {
        memcpy(header + 7, tokens.access, tokens.access_len);
        status = ops->set_header(sink, text("Authorization"), (qwen_str){header, 7 + tokens.access_len, QWEN_STR_SENSITIVE});
    }
    explicit_bzero(&tokens, sizeof tokens);
    explicit_bzero(header, sizeof header);
    return status;
}

static qwen_status on_response(qwen_instance *instance, qwen_call *call, const qwen_response *response, const qwen_sink_ops *ops, qwen_sink *sink) {
    const qwen_verdict renew = {.struct_size = sizeof renew, .kind = QWEN_VERDICT_REFRESH_AND_RETRY};
    (void)instance, (void)call;
    return response->status == 401 ? ops->set_verdict(sink, &renew) : QWEN_OK;
}

static qwen_status login(qwen_instance *instance, qwen_call *call, qwen_str method) {
    struct tokens fresh = {.access_len = 0};
    struct tokens before = {.access_len = 0};
    uint64_t revision = 0;
    qwen_status status;
    (void)instance, (void)method;
    status = sign_in(call, &fresh);
    if (status == QWEN_OK) {
        (void)read_stored(call, &before, &revision);
        status = store(call, &fresh, revision);
    }
    explicit_bzero(&fresh, sizeof fresh);
    explicit_bzero(&before, sizeof before);
    return status;
}

static qwen_status logout(qwen_instance *instance, qwen_call *call) {
    const qwen_host_secrets_v1 *secrets = service(QWEN_EXT_SECRETS);
    (void)instance;
    return secrets != NULL ? secrets->erase(call, text(credentials)) : QWEN_ERR_UNSUPPORTED;
}

static qwen_status renew(qwen_call *call, const struct tokens *before, uint64_t revision) {
    struct tokens fresh = {.access_len = 0};
    struct form form = {.len = 0};
    enum outcome outcome = REFUSED;
    qwen_str reason = text("");
    qwen_status status;
    form_add(&form, "grant_type", text("refresh_token"));
    form_add(&form, "refresh_token", (qwen_str){before->refresh, before->refresh_len, 0});
    form_add(&form, "client_id", setting(call, "client_id"));
    status = ask_for_tokens(call, &form, &outcome, &fresh, &reason);
    explicit_bzero(&form, sizeof form);
    if (status != QWEN_OK) return status;
    if (outcome == DEAD_GRANT) return fail(call, QWEN_ERR_INVALID_GRANT, "the sign-in is no longer renewed: ", reason, "");
    if (outcome != ISSUED) return fail(call, QWEN_ERR_TRANSIENT, "the sign-in could not be renewed now: ", reason, "");
    if (fresh.refresh_len == 0) { /* RFC 6749 section 6: the old one stays */
        memcpy(fresh.refresh, before->refresh, before->refresh_len);
        fresh.refresh_len = before->refresh_len;
    }
    status = store(call, &fresh, revision);
    explicit_bzero(&fresh, sizeof fresh);
    return status;
}

static qwen_status refresh(qwen_instance *instance, qwen_call *call) {
    struct tokens before = {.access_len = 0};
    uint64_t revision;
    qwen_status status = read_stored(call, &before, &revision);
    (void)instance;
    if (status == QWEN_OK) status = before.refresh_len > 0 ? renew(call, &before, revision) : QWEN_NEED_LOGIN;
    explicit_bzero(&before, sizeof before);
    return status;
}

static const void *get_extension(const char *id) {
    static const qwen_provider_login_v1 login_table = {sizeof login_table, 0, login, logout};
    static const qwen_provider_refresh_v1 refresh_table = {sizeof refresh_table, 0, refresh};
    if (strcmp(id, QWEN_EXT_LOGIN) == 0) return &login_table;
    if (strcmp(id, QWEN_EXT_REFRESH) == 0) return &refresh_table;
    return NULL;
}

const qwen_provider *qwen_provider_entry_v1(const qwen_host *table) {
    static const qwen_provider provider = {sizeof provider, QWEN_ABI_MINOR, "golden_v1_0", "1.0.0",     create,
                                           destroy,         state,          authorize,       on_response, get_extension};
    host = table;
    return &provider;
}
