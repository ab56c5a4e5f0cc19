/* A provider that takes an API key and sends it as a bearer token. The host asks for the key, keeps it, and makes the requests. */
#include <qwen/plugin.h>
#include <string.h>

struct qwen_instance {
    char unused; /* everything is read from the host when it is needed */
};

static const qwen_host *host;

static qwen_str text(const char *data) { return (qwen_str){data, (uint32_t)strlen(data), 0}; }

static qwen_status create(qwen_call *call, qwen_instance **instance) {
    static qwen_instance the_only_one;
    (void)call;
    *instance = &the_only_one;
    return QWEN_OK;
}

static void destroy(qwen_instance *instance) { (void)instance; }

/* The setting (flag, variable, .env, config.toml) goes before the key that `qwen auth login` stored. */
static int find_key(qwen_call *call, qwen_str *key) {
    const qwen_host_settings_v1 *settings = host->get_extension(host->ctx, QWEN_EXT_SETTINGS);
    const qwen_host_secrets_v1 *secrets = host->get_extension(host->ctx, QWEN_EXT_SECRETS);
    qwen_setting setting = {.struct_size = sizeof setting};
    qwen_stored_secret stored = {.struct_size = sizeof stored};
    if (settings != NULL && settings->get(call, text("api_key"), &setting) == QWEN_OK && setting.value.len > 0) return *key = setting.value, 1;
    if (secrets != NULL && secrets->get(call, text("api_key"), &stored) == QWEN_OK && stored.value.len > 0) return *key = stored.value, 1;
    return 0;
}

static qwen_status fail(qwen_call *call, qwen_status code, const char *message) {
    const qwen_error error = {.struct_size = sizeof error, .code = code, .message = text(message), .setting = text("api_key")};
    host->error(call, &error);
    return code;
}

static qwen_status state(qwen_instance *instance, qwen_call *call, const qwen_sink_ops *ops, qwen_sink *sink) {
    qwen_str key;
    const qwen_state now = {.struct_size = sizeof now, .kind = find_key(call, &key) ? QWEN_STATE_READY : QWEN_STATE_LOGIN_NEEDED};
    (void)instance;
    return ops->set_state(sink, &now);
}

static qwen_status authorize(qwen_instance *instance, qwen_call *call, const qwen_request *request, const qwen_sink_ops *ops, qwen_sink *sink) {
    char header[4096] = "Bearer ";
    qwen_status status = QWEN_ERR_TOO_LARGE;
    qwen_str key;
    (void)instance, (void)request;
    if (!find_key(call, &key)) return QWEN_NEED_LOGIN;
    if (key.len <= sizeof header - 7) {
        memcpy(header + 7, key.data, key.len);
        status = ops->set_header(sink, text("Authorization"), (qwen_str){header, 7 + key.len, QWEN_STR_SENSITIVE});
    }
    explicit_bzero(header, sizeof header);
    return status == QWEN_OK ? QWEN_OK : fail(call, QWEN_ERR_SETTING, "the API key cannot be sent: too long, or a character that is not ASCII");
}

static qwen_status on_response(qwen_instance *instance, qwen_call *call, const qwen_response *response, const qwen_sink_ops *ops, qwen_sink *sink) {
    const qwen_verdict refused = {.struct_size = sizeof refused, .kind = QWEN_VERDICT_LOGIN_NEEDED};
    (void)instance, (void)call;
    return response->status == 401 ? ops->set_verdict(sink, &refused) : QWEN_OK;
}

static const void *get_extension(const char *id) {
    (void)id;
    return NULL;
}

const qwen_provider *qwen_provider_entry_v1(const qwen_host *table) {
    static const qwen_provider provider = {sizeof provider, QWEN_ABI_MINOR, "api_key_c", "1.0.0",     create,
                                           destroy,         state,          authorize,   on_response, get_extension};
    host = table;
    return &provider;
}
