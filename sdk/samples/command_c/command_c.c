/* A provider whose token comes from a command of the user's: it prints one JSON object, the host runs it, and it is asked again when the token expires.
 *
 *     {"token": "...", "expiration": "2030-01-31T12:00:00Z"}      without "expiration" the token serves until a server refuses it
 */
#include <qwen/json.h>
#include <qwen/plugin.h>
#include <stdlib.h>
#include <string.h>

/* A token is asked for again this long before it expires, so that it does not expire on the way. */
#define MARGIN_MS 60000

struct qwen_instance {
    char token[4096]; /* kept for the life of the process, never stored */
    uint32_t token_len; /* 0: the command has not run yet */
    int64_t expires_at_utc_ms; /* 0: unknown */
};

static const qwen_host *host;

static qwen_str text(const char *data) { return (qwen_str){data, (uint32_t)strlen(data), 0}; }

static const void *service(const char *id) { return host->get_extension(host->ctx, id); }

static qwen_status fail(qwen_call *call, qwen_status code, const char *message) {
    const qwen_error error = {sizeof error, code, text(message), text("run the command by hand: qwen config explain shows it"), text("token_command")};
    host->error(call, &error);
    return code;
}

static int two_digits(const char *at) { return at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9' ? -1 : (at[0] - '0') * 10 + at[1] - '0'; }

/* RFC 3339 in UTC, "2030-01-31T12:00:00Z", perhaps with a fraction of a second; 0: it is not. */
static int64_t utc_ms(const char *at, uint32_t len) {
    static const int days_before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int part[7]; /* century, year of it, month, day, hour, minute, second */
    static const int place[] = {0, 2, 5, 8, 11, 14, 17};
    int64_t year;
    int64_t days;
    int i;
    if (len < 20 || at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':' || at[len - 1] != 'Z') return 0;
    for (i = 0; i < 7; ++i) part[i] = two_digits(at + place[i]);
    for (i = 0; i < 7; ++i) {
        if (part[i] < 0) return 0;
    }
    year = part[0] * 100 + part[1];
    if (year < 1970 || part[2] < 1 || part[2] > 12 || part[3] < 1 || part[3] > 31 || part[4] > 23 || part[5] > 59 || part[6] > 60) return 0;
    days = (year - 1970) * 365 + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400 + days_before_month[part[2] - 1] + part[3] - 1;
    if (part[2] > 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0)) ++days;
    return ((days * 24 + part[4]) * 3600 + part[5] * 60 + part[6]) * 1000;
}

static qwen_status create(qwen_call *call, qwen_instance **instance) {
    (void)call;
    *instance = calloc(1, sizeof **instance);
    return *instance != NULL ? QWEN_OK : QWEN_ERR_INTERNAL;
}

static void destroy(qwen_instance *instance) {
    explicit_bzero(instance, sizeof *instance);
    free(instance);
}

static int has_command(qwen_call *call) {
    const qwen_host_settings_v1 *settings = service(QWEN_EXT_SETTINGS);
    qwen_setting command = {.struct_size = sizeof command};
    return settings != NULL && settings->get(call, text("token_command"), &command) == QWEN_OK && command.value.len > 0;
}

static int is_fresh(const qwen_instance *instance) {
    const qwen_host_clock_v1 *clock = service(QWEN_EXT_CLOCK);
    if (instance->token_len == 0) return 0;
    return instance->expires_at_utc_ms == 0 || clock == NULL || clock->now_utc_ms(host->ctx) < instance->expires_at_utc_ms - MARGIN_MS;
}

static qwen_status state(qwen_instance *instance, qwen_call *call, const qwen_sink_ops *ops, qwen_sink *sink) {
    const qwen_state now = {.struct_size = sizeof now,
                            .kind = has_command(call) ? QWEN_STATE_READY : QWEN_STATE_LOGIN_NEEDED,
                            .expires_at_utc_ms = instance->expires_at_utc_ms};
    return ops->set_state(sink, &now);
}

static qwen_status authorize(qwen_instance *instance, qwen_call *call, const qwen_request *request, const qwen_sink_ops *ops, qwen_sink *sink) {
    char header[sizeof instance->token + 7] = "Bearer ";
    qwen_status status;
    (void)request;
    if (!has_command(call)) return fail(call, QWEN_ERR_SETTING, "no command is set that prints a token");
    if (!is_fresh(instance)) return QWEN_NEED_REFRESH;
    memcpy(header + 7, instance->token, instance->token_len);
    status = ops->set_header(sink, text("Authorization"), (qwen_str){header, 7 + instance->token_len, QWEN_STR_SENSITIVE});
    explicit_bzero(header, sizeof header);
    return status;
}

static qwen_status refresh(qwen_instance *instance, qwen_call *call) {
    const qwen_host_command_v1 *command = service(QWEN_EXT_COMMAND);
    char expiration[64];
    uint32_t expiration_len = 0;
    qwen_str output;
    qwen_status status;
    if (command == NULL) return QWEN_ERR_UNSUPPORTED;
    status = command->run(call, text("token_command"), &output);
    if (status != QWEN_OK) return status; /* the host has said why */
    instance->token_len = 0;
    instance->expires_at_utc_ms = 0;
    status = qwen_json_text(output, "token", instance->token, sizeof instance->token, &instance->token_len);
    if (status != QWEN_OK || instance->token_len == 0) return fail(call, QWEN_ERR_SETTING, "the command printed no JSON object with a \"token\"");
    if (qwen_json_text(output, "expiration", expiration, sizeof expiration, &expiration_len) != QWEN_OK) return QWEN_OK;
    instance->expires_at_utc_ms = utc_ms(expiration, expiration_len);
    if (instance->expires_at_utc_ms != 0 && is_fresh(instance)) return QWEN_OK;
    instance->token_len = 0;
    return fail(call, QWEN_ERR_SETTING, "the command printed an \"expiration\" that is over, or no time like 2030-01-31T12:00:00Z");
}

/* A token that was refused is asked for once more. */
static qwen_status on_response(qwen_instance *instance, qwen_call *call, const qwen_response *response, const qwen_sink_ops *ops, qwen_sink *sink) {
    const qwen_verdict again = {.struct_size = sizeof again, .kind = QWEN_VERDICT_REFRESH_AND_RETRY};
    (void)instance, (void)call;
    return response->status == 401 ? ops->set_verdict(sink, &again) : QWEN_OK;
}

static const void *get_extension(const char *id) {
    static const qwen_provider_refresh_v1 refresh_table = {sizeof refresh_table, 0, refresh};
    return strcmp(id, QWEN_EXT_REFRESH) == 0 ? &refresh_table : NULL;
}

const qwen_provider *qwen_provider_entry_v1(const qwen_host *table) {
    static const qwen_provider provider = {sizeof provider, QWEN_ABI_MINOR, "command_c", "1.0.0",     create,
                                           destroy,         state,          authorize,   on_response, get_extension};
    host = table;
    return &provider;
}
