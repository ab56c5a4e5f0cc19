#include "device_flow.h"

#include <qwen/json.h>

#define VERIFIER_SIZE 43u

struct device_code {
    char device_code[2048];
    uint32_t device_code_len;
    char user_code[128];
    uint32_t user_code_len;
    char uri[2048];
    uint32_t uri_len;
    char uri_complete[2048];
    uint32_t uri_complete_len;
    int64_t lifetime_ms;
    int64_t interval_ms;
};

struct services {
    const qwen_host_clock_v1 *clock;
    const qwen_host_ui_v1 *ui;
    const qwen_host_random_v1 *random;
    const qwen_host_crypto_v1 *crypto;
};

/* RFC 4648 section 5, without padding. */
static void base64url(const uint8_t bytes[32], char out[VERIFIER_SIZE]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t buffer = 0;
    uint32_t written = 0;
    unsigned bits = 0;
    int i;
    for (i = 0; i < 32; ++i) {
        buffer = buffer << 8 | bytes[i];
        for (bits += 8; bits >= 6; bits -= 6) out[written++] = alphabet[buffer >> (bits - 6) & 63];
    }
    out[written] = alphabet[buffer << (6 - bits) & 63];
}

static int64_t seconds_in_ms(qwen_str json, const char *name, int64_t absent, int64_t most) {
    int64_t seconds = 0;
    if (qwen_json_integer(json, name, &seconds) != QWEN_OK || seconds <= 0) seconds = absent;
    return (seconds < most ? seconds : most) * 1000;
}

static qwen_status ask_for_code(qwen_call *call, const struct services *use, const char *verifier, struct device_code *code) {
    uint8_t digest[32];
    char challenge[VERIFIER_SIZE];
    struct form form = {.len = 0};
    qwen_http_response response;
    qwen_status status;
    use->crypto->sha256(host->ctx, (const uint8_t *)verifier, VERIFIER_SIZE, digest);
    base64url(digest, challenge);
    form_add(&form, "client_id", setting(call, "client_id"));
    form_add(&form, "scope", setting(call, "scope"));
    form_add(&form, "code_challenge", (qwen_str){challenge, VERIFIER_SIZE, 0});
    form_add(&form, "code_challenge_method", text("S256"));
    status = post_form(call, "device_authorization_endpoint", &form, &response);
    if (status != QWEN_OK) return status;
    if (response.status != 200) return fail(call, QWEN_ERR_PROVIDER, "the sign-in could not be started: ", reason_of(&response), "");
    memset(code, 0, sizeof *code);
    (void)qwen_json_text(response.body, "device_code", code->device_code, sizeof code->device_code, &code->device_code_len);
    (void)qwen_json_text(response.body, "user_code", code->user_code, sizeof code->user_code, &code->user_code_len);
    (void)qwen_json_text(response.body, "verification_uri", code->uri, sizeof code->uri, &code->uri_len);
    (void)qwen_json_text(response.body, "verification_uri_complete", code->uri_complete, sizeof code->uri_complete, &code->uri_complete_len);
    code->lifetime_ms = seconds_in_ms(response.body, "expires_in", 600, 86400);
    code->interval_ms = seconds_in_ms(response.body, "interval", 5, 60);
    if (code->device_code_len > 0 && code->user_code_len > 0 && code->uri_len > 0) return QWEN_OK;
    return fail(call, QWEN_ERR_BAD_RESPONSE, "the issuer answered without a code", text(""), "device_authorization_endpoint");
}

static qwen_status show(qwen_call *call, const struct services *use, const struct device_code *code) {
    const qwen_device_code shown = {.struct_size = sizeof shown,
                                    .verification_uri = {code->uri, code->uri_len, 0},
                                    .verification_uri_complete = {code->uri_complete, code->uri_complete_len, 0},
                                    .user_code = {code->user_code, code->user_code_len, 0},
                                    .expires_at_utc_ms = use->clock->now_utc_ms(host->ctx) + code->lifetime_ms};
    return use->ui->device_code(call, &shown);
}

/* Waits in steps of a second, so that the person sees the time go by. Ctrl-C ends sleep_until at once. */
static qwen_status wait_until(qwen_call *call, const struct services *use, int64_t mono_ms) {
    for (;;) {
        const int64_t now = use->clock->now_mono_ms(host->ctx);
        qwen_status status;
        if (now >= mono_ms) return QWEN_OK;
        use->ui->progress(call, QWEN_PROGRESS_POLLING, text(""));
        status = use->clock->sleep_until(call, mono_ms - now < 1000 ? mono_ms : now + 1000);
        if (status != QWEN_OK) return status;
    }
}

/* A server that cannot be reached now may be back at the next poll. */
static qwen_status poll(qwen_call *call, const struct device_code *code, const char *verifier, enum outcome *outcome, struct tokens *tokens, qwen_str *reason) {
    struct form form = {.len = 0};
    qwen_status status;
    form_add(&form, "grant_type", text("urn:ietf:params:oauth:grant-type:device_code"));
    form_add(&form, "device_code", (qwen_str){code->device_code, code->device_code_len, 0});
    form_add(&form, "client_id", setting(call, "client_id"));
    form_add(&form, "code_verifier", (qwen_str){verifier, VERIFIER_SIZE, 0});
    status = ask_for_tokens(call, &form, outcome, tokens, reason);
    if (status != QWEN_ERR_NETWORK && status != QWEN_ERR_TIMED_OUT) return status;
    *outcome = UNAVAILABLE;
    return QWEN_OK;
}

static qwen_status expire(qwen_call *call, const struct services *use) {
    use->ui->progress(call, QWEN_PROGRESS_EXPIRED, text(""));
    return fail(call, QWEN_ERR_LOGIN_EXPIRED, "the code expired before the sign-in was approved", text(""), "");
}

static qwen_status poll_until_decided(qwen_call *call, const struct services *use, const struct device_code *code, const char *verifier, struct tokens *tokens) {
    const int64_t deadline = use->clock->now_mono_ms(host->ctx) + code->lifetime_ms;
    int64_t interval_ms = code->interval_ms;
    enum outcome outcome = REFUSED;
    qwen_str reason = text("");
    for (;;) {
        const int64_t next = use->clock->now_mono_ms(host->ctx) + interval_ms;
        qwen_status status = wait_until(call, use, next < deadline ? next : deadline);
        if (status != QWEN_OK) return status;
        if (use->clock->now_mono_ms(host->ctx) >= deadline) return expire(call, use);
        status = poll(call, code, verifier, &outcome, tokens, &reason);
        if (status != QWEN_OK) return status;
        switch (outcome) {
            case ISSUED: use->ui->progress(call, QWEN_PROGRESS_AUTHORIZED, text("")); return QWEN_OK;
            case PENDING: break;
            case SLOW_DOWN:
                interval_ms += 5000; /* RFC 8628 section 3.5 */
                use->ui->progress(call, QWEN_PROGRESS_SLOWED_DOWN, text(""));
                break;
            case UNAVAILABLE:
                interval_ms = interval_ms * 2 < 60000 ? interval_ms * 2 : 60000;
                use->ui->progress(call, QWEN_PROGRESS_NETWORK_LOST, text(""));
                break;
            case DENIED: use->ui->progress(call, QWEN_PROGRESS_DENIED, text("")); return fail(call, QWEN_ERR_LOGIN_DENIED, "the sign-in was refused in the browser", text(""), "");
            case EXPIRED: return expire(call, use);
            case DEAD_GRANT:
            case REFUSED: return fail(call, QWEN_ERR_PROVIDER, "the sign-in was refused by the server: ", reason, "");
        }
    }
}

qwen_status sign_in(qwen_call *call, struct tokens *tokens) {
    const struct services use = {service(QWEN_EXT_CLOCK), service(QWEN_EXT_UI), service(QWEN_EXT_RANDOM), service(QWEN_EXT_CRYPTO)};
    struct device_code code;
    uint8_t bytes[32];
    char verifier[VERIFIER_SIZE];
    qwen_status status;
    if (use.clock == NULL || use.ui == NULL || use.random == NULL || use.crypto == NULL) return QWEN_ERR_UNSUPPORTED;
    use.random->bytes(host->ctx, bytes, sizeof bytes);
    base64url(bytes, verifier);
    status = ask_for_code(call, &use, verifier, &code);
    if (status == QWEN_OK) status = show(call, &use, &code);
    if (status == QWEN_OK) status = poll_until_decided(call, &use, &code, verifier, tokens);
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(verifier, sizeof verifier);
    explicit_bzero(&code, sizeof code);
    return status;
}
