/* usage: host_v1_0 PLUGIN.so...
 *
 * A host that knows version 1.0 and nothing else: compiled with the frozen headers, its tables end where they ended then, and what is behind them cannot
 * be read. Loads each plugin and asks it what a host asks before and for a request. Prints one line for each; exit status 1 when one does not work.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qwen/plugin.h"

static int headers_set, states_set;

/* A copy of a table that ends at the end of a page; the next cannot be read. */
static const void *at_the_edge(const void *table, size_t size) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *const memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + page, page, PROT_NONE) != 0) abort();
    return memcpy(memory + page - size, table, size);
}

static qwen_str text(const char *data) {
    const qwen_str value = {data, (uint32_t)strlen(data), 0};
    return value;
}

static void log_line(qwen_host_ctx *ctx, qwen_call *call, uint32_t level, qwen_str message) { (void)ctx, (void)call, (void)level, (void)message; }
static void error(qwen_call *call, const qwen_error *said) { (void)call, (void)said; }
static uint32_t cancelled(qwen_call *call) { return (void)call, 0; }
static int64_t deadline(qwen_call *call) { return (void)call, INT64_MAX; }
static uint32_t interactive(qwen_call *call) { return (void)call, QWEN_INTERACTIVE_NEVER; }

static qwen_status perform(qwen_call *call, const qwen_http_request *request, qwen_http_response *response) { return (void)call, (void)request, (void)response, QWEN_ERR_NETWORK; }
static int64_t now(qwen_host_ctx *ctx) { return (void)ctx, 1700000000000; }
static int64_t skew(qwen_call *call, qwen_str origin) { return (void)call, (void)origin, 0; }
static qwen_status sleep_until(qwen_call *call, int64_t mono_ms) { return (void)call, (void)mono_ms, QWEN_OK; }
static qwen_status no_secret(qwen_call *call, qwen_str key, qwen_stored_secret *out) { return (void)call, (void)key, (void)out, QWEN_ERR_NOT_FOUND; }
static qwen_status put_if(qwen_call *call, qwen_str key, qwen_str value, int64_t expires, uint64_t revision, uint64_t *newest) {
    return (void)call, (void)key, (void)value, (void)expires, (void)revision, (void)newest, QWEN_ERR_STORAGE;
}
static qwen_status erase(qwen_call *call, qwen_str key) { return (void)call, (void)key, QWEN_OK; }
static qwen_status device_code(qwen_call *call, const qwen_device_code *code) { return (void)call, (void)code, QWEN_OK; }
static qwen_status prompt(qwen_call *call, const qwen_prompt *question, qwen_str *answer) { return (void)call, (void)question, (void)answer, QWEN_ERR_NOT_INTERACTIVE; }
static qwen_status choose(qwen_call *call, qwen_str label, const qwen_str *choices, uint32_t count, uint32_t *chosen) {
    return (void)call, (void)label, (void)choices, (void)count, (void)chosen, QWEN_ERR_NOT_INTERACTIVE;
}
static void notice(qwen_call *call, qwen_str line) { (void)call, (void)line; }
static void progress(qwen_call *call, uint32_t event, qwen_str detail) { (void)call, (void)event, (void)detail; }
static void bytes(qwen_host_ctx *ctx, uint8_t *out, uint32_t len) { (void)ctx, memset(out, 7, len); }
static void sha256(qwen_host_ctx *ctx, const uint8_t *data, uint64_t len, uint8_t out[32]) { (void)ctx, (void)data, (void)len, memset(out, 1, 32); }
static void hmac(qwen_host_ctx *ctx, const uint8_t *key, uint64_t key_len, const uint8_t *data, uint64_t len, uint8_t out[32]) {
    (void)ctx, (void)key, (void)key_len, (void)data, (void)len, memset(out, 2, 32);
}
static qwen_status get_setting(qwen_call *call, qwen_str key, qwen_setting *out) {
    (void)call;
    out->source = QWEN_SETTING_FROM_CONFIG;
    if (key.len == 7 && memcmp(key.data, "api_key", 7) == 0) return out->value = text("sk-frozen"), QWEN_OK;
    if (key.len == 8 && memcmp(key.data, "base_url", 8) == 0) return out->value = text("https://api.example.com/v1"), QWEN_OK;
    return QWEN_ERR_NOT_FOUND;
}
static qwen_status run(qwen_call *call, qwen_str key, qwen_str *output) { return (void)call, (void)key, (void)output, QWEN_ERR_NOT_FOUND; }

static const void *get_extension(qwen_host_ctx *ctx, const char *id) {
    static const qwen_host_http_v1 http = {sizeof http, 0, perform};
    static const qwen_host_clock_v1 clock = {sizeof clock, 0, now, now, skew, sleep_until};
    static const qwen_host_secrets_v1 secrets = {sizeof secrets, 0, no_secret, put_if, erase};
    static const qwen_host_ui_v1 ui = {sizeof ui, 0, device_code, prompt, choose, notice, progress};
    static const qwen_host_random_v1 random = {sizeof random, 0, bytes};
    static const qwen_host_crypto_v1 crypto = {sizeof crypto, 0, sha256, hmac};
    static const qwen_host_settings_v1 settings = {sizeof settings, 0, get_setting};
    static const qwen_host_command_v1 command = {sizeof command, 0, run};
    (void)ctx;
    if (strcmp(id, QWEN_EXT_HTTP) == 0) return at_the_edge(&http, sizeof http);
    if (strcmp(id, QWEN_EXT_CLOCK) == 0) return at_the_edge(&clock, sizeof clock);
    if (strcmp(id, QWEN_EXT_SECRETS) == 0) return at_the_edge(&secrets, sizeof secrets);
    if (strcmp(id, QWEN_EXT_UI) == 0) return at_the_edge(&ui, sizeof ui);
    if (strcmp(id, QWEN_EXT_RANDOM) == 0) return at_the_edge(&random, sizeof random);
    if (strcmp(id, QWEN_EXT_CRYPTO) == 0) return at_the_edge(&crypto, sizeof crypto);
    if (strcmp(id, QWEN_EXT_SETTINGS) == 0) return at_the_edge(&settings, sizeof settings);
    if (strcmp(id, QWEN_EXT_COMMAND) == 0) return at_the_edge(&command, sizeof command);
    return NULL;
}

static qwen_status set_header(qwen_sink *sink, qwen_str name, qwen_str value) { return (void)sink, (void)name, (void)value, ++headers_set, QWEN_OK; }
static qwen_status set_query(qwen_sink *sink, qwen_str name, qwen_str value) { return (void)sink, (void)name, (void)value, QWEN_OK; }
static qwen_status set_text(qwen_sink *sink, qwen_str value) { return (void)sink, (void)value, QWEN_OK; }
static qwen_status set_state(qwen_sink *sink, const qwen_state *state) { return (void)sink, (void)state, ++states_set, QWEN_OK; }
static qwen_status set_verdict(qwen_sink *sink, const qwen_verdict *verdict) { return (void)sink, (void)verdict, QWEN_OK; }
static qwen_status add_model(qwen_sink *sink, const qwen_model *model) { return (void)sink, (void)model, QWEN_OK; }

/* 0: it works. */
static int ask(const char *file) {
    const qwen_host host = {sizeof host, 0, text("qwen"), text("1.0.0"), NULL, log_line, error, cancelled, deadline, interactive, get_extension};
    const qwen_sink_ops ops = {sizeof ops, 0, set_header, set_query, set_text, set_text, set_query, set_state, set_verdict, add_model, set_query};
    const qwen_request request = {sizeof request, 0, text("chat.completions"), text("POST"), text(""), text("/chat/completions"), text("model")};
    const qwen_response response = {sizeof response, 401, NULL, 0, 0, text("{}")};
    const qwen_sink_ops *const edge = at_the_edge(&ops, sizeof ops);
    qwen_call *const call = (qwen_call *)0x1000;
    qwen_sink *const sink = (qwen_sink *)0x2000;
    void *const library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    qwen_instance *instance = NULL;
    qwen_provider_entry_fn entry = NULL;
    const qwen_provider *provider;
    qwen_status authorized;
    if (library != NULL) *(void **)&entry = dlsym(library, QWEN_ENTRY_SYMBOL);
    if (entry == NULL) return puts("cannot be loaded"), 1;
    provider = entry(at_the_edge(&host, sizeof host));
    if (provider == NULL || !QWEN_HAS(provider, qwen_provider, get_extension)) return puts("has no table"), 1;
    if (provider->create(call, &instance) != QWEN_OK) return puts("makes no instance"), 1;
    if (provider->state(instance, call, edge, sink) != QWEN_OK || states_set != 1) return puts("has no state"), 1;
    authorized = provider->authorize(instance, call, at_the_edge(&request, sizeof request), edge, sink);
    if (authorized != QWEN_NEED_LOGIN && (authorized != QWEN_OK || headers_set == 0)) return printf("does not authorize: %u\n", authorized), 1;
    if (provider->on_response(instance, call, at_the_edge(&response, sizeof response), edge, sink) != QWEN_OK) return puts("does not judge"), 1;
    if (provider->get_extension("qwen.login/2") != NULL) return puts("knows an extension that is not there"), 1;
    provider->destroy(instance);
    printf("works (%s)\n", authorized == QWEN_OK ? "authorizes a request" : "asks for a sign-in");
    return 0;
}

int main(int argc, char **argv) {
    int failed = 0;
    int i;
    setvbuf(stdout, NULL, _IONBF, 0);
    for (i = 1; i < argc; ++i) {
        const char *const slash = strrchr(argv[i], '/');
        int status = 1;
        pid_t child;
        printf("host 1.0    %-22s ", slash != NULL ? slash + 1 : argv[i]);
        child = fork();
        if (child == 0) _exit(ask(argv[i]));
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status)) printf("crashes with signal %d\n", WTERMSIG(status));
        failed |= status != 0;
    }
    return failed;
}
