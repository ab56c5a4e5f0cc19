/* A provider with a device-code sign-in that keeps every rule of `qwen plugin check` but the one that BREAK names (16: QP016), in the
 * smallest way that is wrong. BREAK 0 keeps them all; above 100 are ways to stop. */
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qwen/json.h"
#include "qwen/plugin.h"

#define BREAKS(number) (BREAK == (number))

/* Facets of QP020. */
enum {
    PROCESS_SIGNAL = 1,
    PROCESS_MASK,
    PROCESS_LOCALE,
    PROCESS_ENVIRONMENT,
    PROCESS_DIRECTORY,
    PROCESS_UMASK,
    PROCESS_DESCRIPTOR,
    PROCESS_LIMIT,
    PROCESS_THREAD,
    PROCESS_PRINT
};
#ifndef FACET
#define FACET PROCESS_SIGNAL
#endif

struct qwen_instance {
    char* room;
};

static const qwen_host* host;
static qwen_str kept;

#if BREAK == 2
QWEN_EXPORT int another_symbol = 1;
#endif

/* Runs when the file is opened. */
__attribute__((constructor)) static void before_everything(void) {
    if (BREAKS(104)) abort();
}

static qwen_str sized(const char* data, size_t len) {
    const qwen_str value = {data, (uint32_t)len, 0};
    return value;
}
static qwen_str text(const char* data) { return sized(data, strlen(data)); }
static qwen_str secret(const char* data, size_t len) {
    qwen_str value = sized(data, len);
    value.flags = QWEN_STR_SENSITIVE;
    return value;
}

static const void* service(const char* id) { return host->get_extension(host->ctx, id); }
static const qwen_host_secrets_v1* secrets(void) { return service(QWEN_EXT_SECRETS); }
static const qwen_host_clock_v1* wall(void) { return service(QWEN_EXT_CLOCK); }
static const qwen_host_ui_v1* ui(void) { return service(QWEN_EXT_UI); }

static qwen_status fail(qwen_call* call, qwen_status code, const char* message) {
    const qwen_error error = {sizeof error, code, text(message), text(""), text("")};
    host->error(call, &error);
    return code;
}

static qwen_status setting(qwen_call* call, const char* key, qwen_str* value) {
    const qwen_host_settings_v1* settings = service(QWEN_EXT_SETTINGS);
    qwen_setting found = {sizeof found, 0, {NULL, 0, 0}};
    const qwen_status status = settings->get(call, text(key), &found);
    *value = found.value;
    return status;
}

/* Stored as two lines: access token, refresh token. 0: there are none. */
static int stored(qwen_call* call, qwen_str* access, qwen_str* refresh, uint64_t* revision) {
    qwen_stored_secret found = {sizeof found, 0, {NULL, 0, 0}, 0, 0};
    const char* end;
    *revision = 0;
    if (secrets()->get(call, text("credentials"), &found) != QWEN_OK) return 0;
    *revision = found.revision;
    end = found.value.len > 0 ? memchr(found.value.data, '\n', found.value.len) : NULL;
    if (BREAKS(26) && end == NULL) abort();
    if (end == NULL || end == found.value.data || end - found.value.data > 4000 || found.value.len > 8000) return 0;
    *access = secret(found.value.data, (size_t)(end - found.value.data));
    *refresh = secret(end + 1, found.value.len - access->len - 1);
    return 1;
}

static qwen_status put(qwen_call* call, qwen_str access, qwen_str refresh, uint64_t revision) {
    char value[8192];
    qwen_status status;
    if (access.len + refresh.len + 1 > sizeof value) return QWEN_ERR_BAD_RESPONSE;
    memcpy(value, access.data, access.len);
    value[access.len] = '\n';
    if (refresh.len > 0) memcpy(value + access.len + 1, refresh.data, refresh.len);
    do {
        status = secrets()->put_if(call, text("credentials"), secret(value, access.len + refresh.len + 1), 0, revision, NULL);
    } while (BREAKS(39) && status == QWEN_ERR_CONFLICT);
    return status;
}

/* What belongs to the process. */
static void* wait_for_ever(void* nothing) {
    pause();
    return nothing;
}
static void disturb(void) {
    sigset_t signals;
    struct rlimit limit;
    pthread_t thread;
    switch (FACET) {
        case PROCESS_SIGNAL:
            signal(SIGUSR1, SIG_IGN);
            break;
        case PROCESS_MASK:
            sigemptyset(&signals), sigaddset(&signals, SIGUSR2), sigprocmask(SIG_BLOCK, &signals, NULL);
            break;
        case PROCESS_LOCALE:
            setlocale(LC_ALL, "C.UTF-8");
            break;
        case PROCESS_ENVIRONMENT:
            setenv("RULE_BREAKER", "1", 1);
            break;
        case PROCESS_DIRECTORY:
            (void)!chdir("/"), (void)!chdir("tmp");
            break;
        case PROCESS_UMASK:
            umask(0);
            break;
        case PROCESS_DESCRIPTOR:
            (void)!dup(0);
            break;
        case PROCESS_LIMIT:
            getrlimit(RLIMIT_NOFILE, &limit), limit.rlim_cur = 17, setrlimit(RLIMIT_NOFILE, &limit);
            break;
        case PROCESS_THREAD:
            pthread_create(&thread, NULL, wait_for_ever, NULL);
            break;
        case PROCESS_PRINT:
            puts("hello");
            break;
        default:
            break;
    }
}

static qwen_status create(qwen_call* call, qwen_instance** instance) {
    static int disturbed;
    (void)call;
    if (BREAKS(20) && !disturbed++) disturb();
    *instance = calloc(1, sizeof **instance);
    if (*instance == NULL) return QWEN_ERR_INTERNAL;
    (*instance)->room = malloc(64);
    return QWEN_OK;
}

static void destroy(qwen_instance* instance) {
    if (!BREAKS(14)) free(instance->room);
    free(instance);
}

static qwen_status state(qwen_instance* instance, qwen_call* call, const qwen_sink_ops* ops, qwen_sink* sink) {
    qwen_state now = {sizeof now, QWEN_STATE_LOGIN_NEEDED, 0, {NULL, 0, 0}, {NULL, 0, 0}};
    qwen_str key, access, refresh;
    uint64_t revision;
    (void)instance;
    if (BREAKS(101)) abort();
    if (BREAKS(103)) exit(0);
    if (BREAKS(13)) setting(call, "not_declared", &key);
    if (BREAKS(19)) close(open("/dev/null", O_RDONLY));
    if (BREAKS(27) && setting(call, "base_url", &key) == QWEN_OK && key.len > 4096) abort();
    if (setting(call, "api_key", &key) == QWEN_OK && key.len > 0) now.kind = QWEN_STATE_READY;
    if (BREAKS(17) && now.kind == QWEN_STATE_READY) kept = key;
    if (stored(call, &access, &refresh, &revision)) now.kind = QWEN_STATE_READY;
    return ops->set_state(sink, &now);
}

static qwen_status send_key(qwen_str key, const qwen_sink_ops* ops, qwen_sink* sink) {
    char value[4096] = "Bearer ";
    qwen_status status;
    if (key.len > sizeof value - 7) return QWEN_ERR_SETTING;
    memcpy(value + 7, key.data, key.len);
    status = ops->set_header(sink, text("authorization"), BREAKS(23) ? sized(value, 7 + key.len) : secret(value, 7 + key.len));
    return BREAKS(15) ? QWEN_OK : status;
}

static void go_online(qwen_call* call, const char* url) {
    const qwen_host_http_v1* http = service(QWEN_EXT_HTTP);
    const qwen_http_request request = {sizeof request, 0, text("GET"), text(url), NULL, 0, 0, {NULL, 0, 0}};
    qwen_http_response response = {sizeof response, 0, NULL, 0, 0, {NULL, 0, 0}};
    (void)http->perform(call, &request, &response);
}

static qwen_status authorize(qwen_instance* instance, qwen_call* call, const qwen_request* request, const qwen_sink_ops* ops,
                             qwen_sink* sink) {
    qwen_str key, access, refresh;
    uint64_t revision;
    volatile size_t length;
    (void)instance, (void)request;
    while (BREAKS(102)) continue;
    if (BREAKS(18)) go_online(call, "https://auth.example.com/hello");
    if (BREAKS(17) && kept.len > 0) length = (size_t)((const volatile char*)kept.data)[0];
    if (setting(call, "api_key", &key) == QWEN_OK && key.len > 0) {
        if (BREAKS(16)) length = strlen(key.data);
        if (BREAKS(24)) host->log(host->ctx, call, QWEN_LOG_INFO, key);
        return send_key(key, ops, sink);
    }
    (void)length;
    if (stored(call, &access, &refresh, &revision)) return send_key(access, ops, sink);
    return fail(call, QWEN_NEED_LOGIN, BREAKS(22) ? "nobody is\nsigned in" : "nobody is signed in");
}

static qwen_status on_response(qwen_instance* instance, qwen_call* call, const qwen_response* response, const qwen_sink_ops* ops,
                               qwen_sink* sink) {
    qwen_verdict verdict = {sizeof verdict, QWEN_VERDICT_PASS, 0, {NULL, 0, 0}, {NULL, 0, 0}};
    uint32_t i;
    (void)instance, (void)call;
    for (i = 0; i < response->header_count; ++i) {
        if (BREAKS(28) && response->headers[i].key.len == 11 && response->headers[i].value.len > 12) abort();
    }
    if (response->status == 401) verdict.kind = QWEN_VERDICT_REFRESH_AND_RETRY;
    if (BREAKS(8) && response->status == 402) verdict.kind = 77;
    return ops->set_verdict(sink, &verdict);
}

/* One exchange with the issuer. `answer` is borrowed. */
static qwen_status post(qwen_call* call, const char* url, const char* grant, qwen_str token, uint32_t* status, qwen_str* answer) {
    const qwen_host_http_v1* http = service(QWEN_EXT_HTTP);
    char body[8192];
    const int head = snprintf(body, sizeof body, "client_id=rule_breaker&%s=", grant);
    qwen_http_request request = {sizeof request, 0, text("POST"), text(url), NULL, 0, 0, {NULL, 0, 0}};
    qwen_http_response response = {sizeof response, 0, NULL, 0, 0, {NULL, 0, 0}};
    qwen_status came_to;
    if (token.len > 4000) return QWEN_NEED_LOGIN;
    if (token.len > 0) memcpy(body + head, token.data, token.len);
    request.body = secret(body, (size_t)head + token.len);
    came_to = http->perform(call, &request, &response);
    *status = response.status;
    *answer = response.body;
    return came_to;
}

struct tokens {
    char access[512], refresh[512];
    uint32_t access_len, refresh_len;
};

static int read_tokens(qwen_str answer, struct tokens* tokens) {
    if (qwen_json_text(answer, "refresh_token", tokens->refresh, sizeof tokens->refresh, &tokens->refresh_len) != QWEN_OK)
        tokens->refresh_len = 0;
    return qwen_json_text(answer, "access_token", tokens->access, sizeof tokens->access, &tokens->access_len) == QWEN_OK &&
           tokens->access_len > 0;
}

static int is(qwen_str answer, const char* code) {
    char found[64];
    uint32_t len;
    return qwen_json_text(answer, "error", found, sizeof found, &len) == QWEN_OK && len == strlen(code) && memcmp(found, code, len) == 0;
}

static qwen_status keep_login(qwen_call* call, const struct tokens* tokens) {
    qwen_str access, refresh;
    uint64_t revision;
    if (BREAKS(29)) return QWEN_OK;
    stored(call, &access, &refresh, &revision);
    return put(call, secret(tokens->access, tokens->access_len), secret(tokens->refresh, tokens->refresh_len), revision);
}

static qwen_status poll(qwen_call* call, qwen_str device_code, int64_t interval_ms, int64_t deadline) {
    struct tokens tokens;
    qwen_str answer;
    uint32_t status;
    while (wall()->now_mono_ms(host->ctx) < deadline) {
        const int64_t next = wall()->now_mono_ms(host->ctx) + interval_ms;
        qwen_status came_to = wall()->sleep_until(call, next < deadline ? next : deadline);
        if (came_to != QWEN_OK) return BREAKS(21) ? QWEN_OK : came_to;
        came_to = post(call, "https://auth.example.com/token", "grant_type=device_code&device_code", device_code, &status, &answer);
        if (came_to == QWEN_ERR_CANCELLED) return BREAKS(21) ? QWEN_OK : came_to;
        if (came_to != QWEN_OK || status >= 500 || status == 429) continue;
        if (status == 200 && read_tokens(answer, &tokens)) return keep_login(call, &tokens);
        if (BREAKS(35) && status == 200 && answer.len > 20 && memcmp(answer.data + 2, "access_token", 12) == 0)
            return put(call, text("null"), text(""), 0);
        if (is(answer, "authorization_pending")) continue;
        if (is(answer, "slow_down")) {
            if (!BREAKS(33)) interval_ms += 5000;
            continue;
        }
        if (is(answer, "access_denied")) return BREAKS(34) ? QWEN_ERR_INTERNAL : QWEN_ERR_LOGIN_DENIED;
        if (is(answer, "expired_token")) return QWEN_ERR_LOGIN_EXPIRED;
        return QWEN_ERR_BAD_RESPONSE;
    }
    return BREAKS(31) ? QWEN_ERR_TRANSIENT : QWEN_ERR_LOGIN_EXPIRED;
}

static int64_t bounded(int64_t seconds, int64_t absent, int64_t most) {
    return (seconds <= 0 ? absent : seconds > most ? most : seconds) * 1000;
}

static qwen_status login(qwen_instance* instance, qwen_call* call, qwen_str method) {
    qwen_device_code shown = {sizeof shown, 0, {NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}, 0};
    char device_code[256], user_code[64] = "", uri[256];
    uint32_t device_len, user_len = 0, uri_len, status;
    int64_t expires = 0, interval = 0;
    qwen_status came_to;
    qwen_str answer;
    (void)instance;
    if (method.len != 11) return QWEN_ERR_UNSUPPORTED;
    if (BREAKS(12) && service(QWEN_EXT_RANDOM) != NULL)
        ((const qwen_host_random_v1*)service(QWEN_EXT_RANDOM))->bytes(host->ctx, (uint8_t*)device_code, 16);
    if (BREAKS(25)) go_online(call, "https://elsewhere.example/");
    came_to = post(call, "https://auth.example.com/device", "scope", text(""), &status, &answer);
    if (came_to != QWEN_OK) return BREAKS(21) && came_to == QWEN_ERR_CANCELLED ? QWEN_OK : came_to;
    if (status != 200) return QWEN_ERR_PROVIDER;
    if (qwen_json_text(answer, "device_code", device_code, sizeof device_code, &device_len) != QWEN_OK) return QWEN_ERR_BAD_RESPONSE;
    if (qwen_json_text(answer, "user_code", user_code, sizeof user_code, &user_len) != QWEN_OK && !BREAKS(36)) return QWEN_ERR_BAD_RESPONSE;
    if (qwen_json_text(answer, "verification_uri", uri, sizeof uri, &uri_len) != QWEN_OK) return QWEN_ERR_BAD_RESPONSE;
    (void)qwen_json_integer(answer, "expires_in", &expires);
    (void)qwen_json_integer(answer, "interval", &interval);
    if (BREAKS(32) && interval > 5) interval = 5;
    shown.verification_uri = sized(uri, uri_len);
    shown.user_code = sized(user_code, user_len);
    if (ui() == NULL && !BREAKS(11)) return QWEN_ERR_UNSUPPORTED;
    came_to = ui()->device_code(call, &shown);
    if (came_to != QWEN_OK) return BREAKS(21) ? QWEN_OK : came_to;
    return poll(call, secret(device_code, device_len), bounded(interval, 5, 60),
                wall()->now_mono_ms(host->ctx) + bounded(expires, 600, 86400));
}

static qwen_status logout(qwen_instance* instance, qwen_call* call) {
    (void)instance;
    return BREAKS(30) ? QWEN_OK : secrets()->erase(call, text("credentials"));
}

static qwen_status refresh(qwen_instance* instance, qwen_call* call) {
    struct tokens tokens;
    qwen_str access, old, answer, newest;
    uint64_t revision;
    uint32_t status;
    qwen_status came_to;
    (void)instance;
    if (!stored(call, &access, &old, &revision) || old.len == 0) return QWEN_NEED_LOGIN;
    came_to = post(call, "https://auth.example.com/token", "grant_type=refresh_token&refresh_token", old, &status, &answer);
    if (came_to != QWEN_OK) return came_to;
    if (BREAKS(37) && status >= 500) secrets()->erase(call, text("credentials"));
    if (status >= 500) return QWEN_ERR_TRANSIENT;
    if (is(answer, "invalid_grant")) return QWEN_ERR_INVALID_GRANT;
    if (status != 200 || !read_tokens(answer, &tokens)) return QWEN_ERR_BAD_RESPONSE;
    newest = tokens.refresh_len > 0 && !BREAKS(38) ? secret(tokens.refresh, tokens.refresh_len) : old;
    return put(call, secret(tokens.access, tokens.access_len), newest, revision);
}

static const void* get_extension(const char* id) {
    static const qwen_provider_login_v1 login_table = {BREAKS(6) ? 8 : sizeof login_table, 0, login, logout};
    static const qwen_provider_refresh_v1 refresh_table = {sizeof refresh_table, 0, refresh};
    if (BREAKS(7) ? strncmp(id, QWEN_EXT_LOGIN, strlen(QWEN_EXT_LOGIN)) == 0 : strcmp(id, QWEN_EXT_LOGIN) == 0) return &login_table;
    if (strcmp(id, QWEN_EXT_REFRESH) == 0) return &refresh_table;
    return NULL;
}

QWEN_EXPORT const qwen_provider* qwen_provider_entry_v1(const qwen_host* table) {
    static const qwen_provider provider = {sizeof provider, QWEN_ABI_MINOR, ID,        BREAKS(4) ? "9.9.9" : "1.0.0",  create,
                                           destroy,         state,          authorize, BREAKS(5) ? NULL : on_response, get_extension};
    volatile char after = 0;
    if (BREAKS(9)) after = ((const volatile char*)table)[table->struct_size];
    (void)after;
    if (BREAKS(10) && table->abi_minor > QWEN_ABI_MINOR) return NULL;
    host = table;
    return &provider;
}
