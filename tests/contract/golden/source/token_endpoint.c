#include "token_endpoint.h"

#include <qwen/json.h>

static void append(struct form *form, const char *bytes, uint32_t count) {
    if (count > sizeof form->data - form->len) {
        form->is_full = 1;
        return;
    }
    memcpy(form->data + form->len, bytes, count);
    form->len += count;
}

static void append_encoded(struct form *form, qwen_str value) {
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    uint32_t i;
    for (i = 0; i < value.len; ++i) {
        const unsigned char byte = (unsigned char)value.data[i];
        const char escaped[3] = {'%', hex[byte >> 4], hex[byte & 15]};
        if (memchr(unreserved, byte, sizeof unreserved - 1) != NULL) {
            append(form, value.data + i, 1);
        } else {
            append(form, escaped, 3);
        }
    }
}

void form_add(struct form *form, const char *name, qwen_str value) {
    if (value.len == 0) return;
    if (form->len > 0) append(form, "&", 1);
    append_encoded(form, text(name));
    append(form, "=", 1);
    append_encoded(form, value);
}

qwen_status post_form(qwen_call *call, const char *endpoint, const struct form *form, qwen_http_response *response) {
    const qwen_host_http_v1 *http = service(QWEN_EXT_HTTP);
    const qwen_kv headers[] = {{text("Content-Type"), text("application/x-www-form-urlencoded")}, {text("Accept"), text("application/json")}};
    qwen_http_request request = {.struct_size = sizeof request, .method = text("POST"), .headers = headers, .header_count = 2};
    if (http == NULL) return QWEN_ERR_UNSUPPORTED;
    request.url = setting(call, endpoint);
    if (request.url.len == 0) return fail(call, QWEN_ERR_SETTING, "an endpoint is not set", text(""), endpoint);
    if (form->is_full) return fail(call, QWEN_ERR_TOO_LARGE, "a request to the issuer became too long", text(""), endpoint);
    request.body = (qwen_str){form->data, form->len, QWEN_STR_SENSITIVE};
    memset(response, 0, sizeof *response);
    response->struct_size = sizeof *response;
    return http->perform(call, &request, response);
}

qwen_str reason_of(const qwen_http_response *response) {
    static const char *const names[] = {"error_description", "error"};
    qwen_str value;
    int i;
    for (i = 0; i < 2; ++i) {
        if (qwen_json_member(response->body, names[i], &value) == QWEN_OK && value.len > 2 && value.data[0] == '"') {
            return (qwen_str){value.data + 1, value.len - 2, 0};
        }
    }
    return text("the server gave no reason");
}

/* RFC 6749 appendix A: what a token is made of. Anything else could end a header, or the line it is stored in. */
static int is_token(const char *data, uint32_t len) {
    uint32_t i;
    for (i = 0; i < len; ++i) {
        if (data[i] < 0x21 || data[i] > 0x7e) return 0;
    }
    return 1;
}

static int read_tokens(qwen_str body, struct tokens *tokens) {
    const int64_t a_year = 31536000;
    const qwen_host_clock_v1 *clock = service(QWEN_EXT_CLOCK);
    int64_t lifetime_s = 0;
    memset(tokens, 0, sizeof *tokens);
    if (qwen_json_text(body, "access_token", tokens->access, sizeof tokens->access, &tokens->access_len) != QWEN_OK || tokens->access_len == 0) return 0;
    if (qwen_json_text(body, "refresh_token", tokens->refresh, sizeof tokens->refresh, &tokens->refresh_len) == QWEN_ERR_TOO_LARGE) return 0;
    if (clock != NULL && qwen_json_integer(body, "expires_in", &lifetime_s) == QWEN_OK && lifetime_s > 0) {
        tokens->expires_at_utc_ms = clock->now_utc_ms(host->ctx) + (lifetime_s < a_year ? lifetime_s : a_year) * 1000;
    }
    return is_token(tokens->access, tokens->access_len) && is_token(tokens->refresh, tokens->refresh_len);
}

/* RFC 6749 section 5.2, RFC 8628 section 3.5. */
static enum outcome outcome_of_error(const qwen_http_response *response) {
    static const struct {
        const char *error;
        enum outcome outcome;
    } known[] = {{"authorization_pending", PENDING}, {"slow_down", SLOW_DOWN},      {"access_denied", DENIED},
                 {"expired_token", EXPIRED},         {"invalid_grant", DEAD_GRANT}};
    char error[64];
    uint32_t len = 0;
    size_t i;
    if (qwen_json_text(response->body, "error", error, sizeof error, &len) == QWEN_OK) {
        for (i = 0; i < sizeof known / sizeof known[0]; ++i) {
            if (len == strlen(known[i].error) && memcmp(error, known[i].error, len) == 0) return known[i].outcome;
        }
    }
    return response->status == 429 || response->status >= 500 ? UNAVAILABLE : REFUSED;
}

qwen_status ask_for_tokens(qwen_call *call, const struct form *form, enum outcome *outcome, struct tokens *tokens, qwen_str *reason) {
    qwen_http_response response;
    const qwen_status status = post_form(call, "token_endpoint", form, &response);
    if (status != QWEN_OK) return status;
    *reason = reason_of(&response);
    if (response.status != 200) {
        *outcome = outcome_of_error(&response);
    } else {
        *outcome = read_tokens(response.body, tokens) ? ISSUED : REFUSED;
    }
    return QWEN_OK;
}
