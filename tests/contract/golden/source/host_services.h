/* The host, and the two or three calls of it that every file here makes. */
#ifndef GOLDEN_V1_0_HOST_SERVICES_H
#define GOLDEN_V1_0_HOST_SERVICES_H

#include <qwen/plugin.h>
#include <string.h>

extern const qwen_host *host; /* set once, by the entry function */

static inline qwen_str text(const char *data) { return (qwen_str){data, (uint32_t)strlen(data), 0}; }

/* A service's table; NULL when this host does not have it. */
static inline const void *service(const char *id) { return host->get_extension(host->ctx, id); }

/* Says why the call is about to fail, and with what. Any argument but `message` may be empty. */
static inline qwen_status fail(qwen_call *call, qwen_status code, const char *message, qwen_str reason, const char *setting) {
    char line[512];
    const size_t size = strlen(message) < 200 ? strlen(message) : 200;
    const size_t more = reason.len < 300 ? reason.len : 300;
    qwen_error error = {.struct_size = sizeof error, .code = code, .setting = text(setting)};
    memcpy(line, message, size);
    if (more > 0) memcpy(line + size, reason.data, more);
    error.message = (qwen_str){line, (uint32_t)(size + more), 0};
    host->error(call, &error);
    return code;
}

/* The setting's value; empty when it is not set. */
static inline qwen_str setting(qwen_call *call, const char *key) {
    const qwen_host_settings_v1 *settings = service(QWEN_EXT_SETTINGS);
    qwen_setting found = {.struct_size = sizeof found};
    if (settings == NULL || settings->get(call, text(key), &found) != QWEN_OK) return text("");
    return found.value;
}

#endif
